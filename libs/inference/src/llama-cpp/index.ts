export type { LlamaCppRunner, LlamaCppRunnerOptions } from './llama-cpp-runner.js';
export { loadLlamaCppRunner } from './load-llama-cpp-runner.js';
export type { LoadLlamaCppRunnerOptions, Placement } from './load-llama-cpp-runner.js';
