module.exports = { displayName: '@mcli/ort', preset: '../../jest.preset.js' };
