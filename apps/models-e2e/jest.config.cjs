module.exports = { displayName: '@mcli/models-e2e', preset: '../../jest.preset.js' };
