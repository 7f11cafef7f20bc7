export { loadOnnxRunner } from './load-onnx-runner.js';
export type { LoadOnnxRunnerOptions } from './load-onnx-runner.js';
export { LocalModelStore } from './local-model-store.js';
export type { LocalModelStoreOptions } from './local-model-store.js';
export type { OnnxRunner, OnnxRunnerOptions } from './onnx-runner.js';
export { planKvCache } from './plan-kv-cache.js';
export type { KvCachePlan, KvCacheRequest } from './plan-kv-cache.js';
export { createTokenizer } from './tokenizer.js';
export type { TokenizerData } from './tokenizer-data.js';
