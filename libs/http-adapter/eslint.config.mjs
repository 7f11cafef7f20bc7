import baseConfig from '../../eslint.config.mjs';

// Patterns are relative to this folder.
export default [
  ...baseConfig,
  {
    // The adapter knows no kind of key.
    files: ['src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@mcli/auth-keys', '@mcli/auth-keys/*'] }] },
  },
  {
    // An endpoint knows no framework either.
    files: ['src/endpoints/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@mcli/auth-keys', '@mcli/auth-keys/*', 'express'] }] },
  },
];
