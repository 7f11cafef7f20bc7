module.exports = { displayName: '@mcli/models-e2e', preset: '../../jest.preset.js', testTimeout: 60_000 };
