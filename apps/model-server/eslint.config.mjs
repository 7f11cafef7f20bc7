import baseConfig, { dependencyChecks } from '../../eslint.config.mjs';

export default [
  ...baseConfig,
  // Optional peers of the libraries, which the server brings.
  dependencyChecks(['@mcli/model-builder', '@mcli/ort', 'libsql']),
];
