export { combineBackends } from './combine-backends.js';
export type {
  ChatMessage,
  FinishReason,
  GenerateRequest,
  GenerationEvent,
  InferenceBackend,
  ModelCard,
  SamplingOptions,
  Usage,
} from './contract.js';
export { Engine, type EngineEvent, type EngineOptions, type EngineStats } from './engine/engine.js';
export type { ForwardItem, KvCache, ModelRunner, Tokenizer } from './engine/model-runner.js';
export { createSampler, type Sampler } from './engine/sampler.js';
export type { SchedulerOptions } from './engine/scheduler.js';
export { type AssembledText, TextAssembler } from './engine/text-assembler.js';
export type { LogitsProcessor, TokenHistory } from './engine/token-history.js';
export { TooManyTokens } from './engine/too-many-tokens.js';
export type { TraceEvent, TraceSink } from './engine/trace.js';
export { InferenceError, type InferenceErrorCode, type InferenceErrorDetails, type RequestField } from './errors.js';
export { bytesPerMebibyte, mebibytes } from './mebibytes.js';
export type { ModelEntry, ModelFiles, ModelStore, ResolveOptions, ResolveProgress } from './model-store.js';
export { type GenerationReport, observeUsage } from './observe-usage.js';
export {
  createProcessBackend,
  type ProcessBackend,
  type ProcessBackendEvent,
  type ProcessBackendOptions,
  type ProcessBackendStatus,
} from './process-backend.js';
export { type ProcessHooks, serveBackendProcess } from './serve-backend-process.js';
export { createTraceFile, type TraceFile, type TraceFileOptions } from './trace-file.js';
