import baseConfig from '../../eslint.config.mjs';

// Patterns are relative to this folder.
export default [
  ...baseConfig,
  {
    // Only the runner's folder names the runtime.
    files: ['src/**/*.ts'],
    ignores: ['src/onnx/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['@mcli/ort', '@mcli/model-builder', 'onnxruntime-*', 'koffi', '@huggingface/*'] },
      ],
    },
  },
];
