export type { LlamaCppRunner, LlamaCppRunnerOptions } from './llama-cpp-runner.js';
export { loadLlamaCppLibrary } from './load-llama-cpp-library.js';
export { loadLlamaCppRunner } from './load-llama-cpp-runner.js';
export type { LoadLlamaCppRunnerOptions, Placement } from './load-llama-cpp-runner.js';
