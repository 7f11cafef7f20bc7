module.exports = { displayName: '@mcli/llama-cpp', preset: '../../jest.preset.js' };
