// Shared by every project's jest.config.cjs. Native ES modules: run under
// NODE_OPTIONS=--experimental-vm-modules (nx.json sets it for `nx test` and `nx e2e`).
const nxPreset = require('@nx/jest/preset').default;

/** @type {import('jest').Config} */
module.exports = {
  ...nxPreset,
  resolver: require.resolve('./tools/jest/resolver.cjs'),
  testEnvironment: require.resolve('./tools/jest/node-env.cjs'),
  // Resolve sibling packages to their TypeScript source: tests need no build.
  testEnvironmentOptions: { customExportConditions: ['@mcli/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  // What takes minutes runs with `npm run test:long`.
  testPathIgnorePatterns: process.env.MCLI_TEST_LONG ? [] : ['\\.long\\.spec\\.ts$'],
  moduleFileExtensions: ['ts', 'mts', 'js', 'mjs', 'cjs', 'json', 'node'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.[cm]?ts$': [
      '@swc/jest',
      { swcrc: false, sourceMaps: 'inline', jsc: { target: 'es2022', parser: { syntax: 'typescript' } } },
    ],
  },
  reporters: ['default', require.resolve('./tools/jest/summary-reporter.cjs')],
  collectCoverageFrom: ['src/**/*.ts', '!src/**/*.spec.ts', '!src/index.ts'],
  coverageDirectory: '<rootDir>/test-output/coverage',
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'json-summary', 'lcov'],
};
