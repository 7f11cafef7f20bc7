import baseConfig from '../../eslint.config.mjs';

// Patterns are relative to this folder.
export default [
  ...baseConfig,
  {
    // Only a runner's folder names its runtime.
    files: ['src/**/*.ts'],
    ignores: ['src/onnx/**', 'src/llama-cpp/**', 'src/chat/jinja.ts', '**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: ['@mcli/llama-cpp', '@mcli/ort', '@mcli/model-builder', 'onnxruntime-*', 'koffi', '@huggingface/*'],
        },
      ],
    },
  },
];
