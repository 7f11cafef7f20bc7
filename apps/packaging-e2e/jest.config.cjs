module.exports = { displayName: '@mcli/packaging-e2e', preset: '../../jest.preset.js' };
