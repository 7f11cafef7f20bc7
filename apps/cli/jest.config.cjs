module.exports = { displayName: '@mcli/cli', preset: '../../jest.preset.js' };
