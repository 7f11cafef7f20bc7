import type { AskedEngine } from './choose-engine.js';
import type { CatalogModel } from './model-catalog.js';

/** What the engine's process is told. Structured-cloneable. */
export interface EngineArguments {
  readonly model: CatalogModel;
  readonly engine: AskedEngine;
  /** Where built models are kept. */
  readonly buildsDirectory: string;
  /** Generations that may wait for a slot. */
  readonly queue: number;
  readonly slots?: number | undefined;
  /** Tokens. */
  readonly context?: number | undefined;
  readonly threads?: number | undefined;
  /** Of llama.cpp: how many layers are computed on GPUs. */
  readonly gpuLayers: number | 'auto';
  /** Whether prompt lookup speeds up a generation that runs alone. Undefined: as the engine has it. */
  readonly drafts?: boolean | undefined;
  /** Whether what the engine's library logs is reported. */
  readonly engineLog: boolean;
  /** File for a Chrome trace. */
  readonly trace?: string | undefined;
  readonly kvCacheBytes?: number | undefined;
}
