import type { CatalogModel } from './model-catalog.js';

/** What the engine's process is told. Structured-cloneable. */
export interface EngineArguments {
  readonly model: CatalogModel;
  /** Where built models are kept. */
  readonly buildsDirectory: string;
  /** Generations that may wait for a slot. */
  readonly queue: number;
  readonly slots?: number | undefined;
  /** Tokens. */
  readonly context?: number | undefined;
  readonly threads?: number | undefined;
  /** Whether prompt lookup speeds up a generation that runs alone. */
  readonly drafts: boolean;
  /** File for a Chrome trace. */
  readonly trace?: string | undefined;
  readonly kvCacheBytes?: number | undefined;
}
