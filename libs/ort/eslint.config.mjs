import baseConfig from '../../eslint.config.mjs';

export default [
  ...baseConfig,
  // It sets the runtime's variables: telemetry off, the form of attention.
  {
    files: ['src/flash-attention.ts', 'src/native/native-api.ts', 'src/worker/worker-driver.ts', 'src/**/*.spec.ts'],
    rules: { 'n/no-process-env': 'off' },
  },
];
