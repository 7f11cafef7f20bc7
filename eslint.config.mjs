import nx from '@nx/eslint-plugin';
import n from 'eslint-plugin-n';
import * as jsoncParser from 'jsonc-eslint-parser';

const below = ['layer:domain', 'layer:runtime', 'layer:model', 'layer:schema'];

/** Every package names what it imports, and nothing else but `ignoredDependencies`. */
export function dependencyChecks(ignoredDependencies) {
  return {
    files: ['**/package.json'],
    languageOptions: { parser: jsoncParser },
    rules: {
      '@nx/dependency-checks': [
        'error',
        {
          ignoredFiles: [
            '{projectRoot}/eslint.config.mjs',
            '{projectRoot}/jest.config.cjs',
            '{projectRoot}/src/**/*.spec.ts',
          ],
          ignoredDependencies,
        },
      ],
    },
  };
}

export default [
  { ignores: ['**/dist', '**/out-tsc', '**/coverage', '**/test-output', '.nx'] },
  ...nx.configs['flat/base'],
  ...nx.configs['flat/typescript'],
  ...nx.configs['flat/javascript'],
  {
    files: ['**/*.ts', '**/*.js', '**/*.mjs', '**/*.cjs'],
    rules: {
      // One direction of imports. One tag a project; a project without one may import nothing.
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: true,
          banTransitiveDependencies: true,
          // In Node a library may be loaded early by one module and late by another.
          checkDynamicDependenciesExceptions: ['.*'],
          allow: ['^.*/eslint(\\.base)?\\.config\\.[cm]?[jt]s$'],
          depConstraints: [
            { sourceTag: 'layer:schema', onlyDependOnLibsWithTags: [] },
            { sourceTag: 'layer:runtime', onlyDependOnLibsWithTags: ['layer:runtime'] },
            { sourceTag: 'layer:model', onlyDependOnLibsWithTags: [] },
            {
              sourceTag: 'layer:domain',
              onlyDependOnLibsWithTags: ['layer:runtime', 'layer:model'],
              bannedExternalImports: ['express', 'yargs', 'zod'],
            },
            {
              sourceTag: 'layer:plugin',
              onlyDependOnLibsWithTags: ['layer:domain', 'layer:schema'],
              bannedExternalImports: ['express', 'yargs'],
            },
            {
              sourceTag: 'layer:adapter',
              onlyDependOnLibsWithTags: ['layer:domain', 'layer:schema'],
              bannedExternalImports: ['onnxruntime-*', 'koffi', '@huggingface/*'],
            },
            { sourceTag: 'layer:server', onlyDependOnLibsWithTags: ['layer:adapter', 'layer:plugin', ...below] },
            {
              sourceTag: 'layer:app',
              onlyDependOnLibsWithTags: ['layer:server', 'layer:adapter', 'layer:plugin', ...below],
            },
            { sourceTag: 'layer:e2e', onlyDependOnLibsWithTags: ['*'] },
          ],
        },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    files: ['**/src/**/*.ts'],
    plugins: { n },
    rules: { 'n/no-process-env': 'error' },
  },
  {
    files: ['**/config.ts', '**/*.spec.ts', '**/process-backend.ts', '**/testing/mcli.ts'],
    rules: { 'n/no-process-env': 'off' },
  },
  // Outside the workspace's install: it imports the workspace's packages and its own as a stranger would.
  { files: ['tools/benchmarks/**/*.mjs'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  { files: ['**/*.cjs', '**/jest.preset.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  dependencyChecks(['@types/express']),
];
