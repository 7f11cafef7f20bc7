module.exports = { displayName: '@mcli/clients-e2e', preset: '../../jest.preset.js', testTimeout: 30_000 };
