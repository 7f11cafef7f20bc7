module.exports = { displayName: '@mcli/auth-keys', preset: '../../jest.preset.js' };
