import baseConfig from '../../eslint.config.mjs';

export default [
  ...baseConfig,
  // It sets the variable that turns the library's telemetry off.
  {
    files: ['src/native/native-api.ts', 'src/worker/worker-driver.ts', 'src/**/*.spec.ts'],
    rules: { 'n/no-process-env': 'off' },
  },
];
