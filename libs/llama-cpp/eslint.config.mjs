import baseConfig, { dependencyChecks } from '../../eslint.config.mjs';

export default [
  ...baseConfig,
  // Found by name at run time: one for each platform.
  dependencyChecks([
    '@node-llama-cpp/linux-arm64',
    '@node-llama-cpp/linux-x64',
    '@node-llama-cpp/mac-arm64-metal',
    '@node-llama-cpp/mac-x64',
    '@node-llama-cpp/win-arm64',
    '@node-llama-cpp/win-x64',
  ]),
];
