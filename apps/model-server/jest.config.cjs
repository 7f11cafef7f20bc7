module.exports = { displayName: '@mcli/model-server', preset: '../../jest.preset.js' };
