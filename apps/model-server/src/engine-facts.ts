import type { EngineName } from './choose-engine.js';

/** What an engine's process says of itself once its model is loaded; the log has it as it is. */
export interface EngineFacts {
  readonly engine: EngineName;
  /** Why this engine, in a few words. */
  readonly reason: string;
  /** Of the engine's own library. */
  readonly version: string;
  /** The npm package that the library is from. */
  readonly package: string;
  readonly slots: number;
  /** Tokens. */
  readonly context: number;
  /** Of the KV cache when it is full, in MiB. */
  readonly kv_cache_mb: number;
  /** How a number of the KV cache is stored, such as `int8`. */
  readonly cache_type: string;
  /** Layers that are computed on GPUs. Absent where there are none to choose, as the next three. */
  readonly gpu_layers?: number;
  readonly layers?: number;
  /** Names of the GPUs in use. */
  readonly gpus?: readonly string[];
}

/** Tells these facts from other things that an engine's process reports. */
export function isEngineFacts(value: unknown): value is EngineFacts {
  return typeof value === 'object' && value !== null && 'engine' in value && 'reason' in value && 'slots' in value;
}
