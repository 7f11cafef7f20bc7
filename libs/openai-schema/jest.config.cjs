module.exports = { displayName: '@mcli/openai-schema', preset: '../../jest.preset.js' };
