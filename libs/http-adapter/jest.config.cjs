module.exports = { displayName: '@mcli/http-adapter', preset: '../../jest.preset.js' };
