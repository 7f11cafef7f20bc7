module.exports = { displayName: '@mcli/inference', preset: '../../jest.preset.js' };
