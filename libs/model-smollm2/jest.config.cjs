module.exports = { displayName: '@mcli/model-smollm2', preset: '../../jest.preset.js' };
