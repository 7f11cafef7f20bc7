export { flashAttention, useFlashAttention } from './flash-attention.js';
export { loadRuntime } from './load-runtime.js';
export type { LoadRuntimeOptions } from './load-runtime.js';
export { measureAttention } from './measure-attention.js';
export type { AttentionLoad } from './measure-attention.js';
export { OrtError } from './ort-error.js';
export type { OrtErrorCode } from './ort-error.js';
export type {
  Binding,
  OperatorRun,
  RunOptions,
  Runtime,
  RuntimeCapabilities,
  Session,
  SessionOptions,
  SharedWeights,
  ValueInfo,
  WeightPlace,
} from './runtime.js';
export { selfTest } from './self-test.js';
export type { IntegerWeights, SelfTestResult } from './self-test.js';
export { defaultThreads } from './session-options.js';
export { viewTensor } from './tensor.js';
export type { Tensor, TensorType, TypedArrayOf } from './tensor.js';
