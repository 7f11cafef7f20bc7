module.exports = { displayName: '@mcli/model-builder', preset: '../../jest.preset.js' };
