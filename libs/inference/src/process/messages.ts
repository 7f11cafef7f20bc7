import type { GenerateRequest, GenerationEvent, ModelCard } from '../contract.js';
import type { EngineStats } from '../engine/engine.js';
import type { TransferredError } from './error-transfer.js';

/** From the process that asks to the one that runs the engine. All values are structured-cloneable. */
export type ToChild =
  | { readonly type: 'start'; readonly arguments: unknown }
  | { readonly type: 'generate'; readonly id: number; readonly request: Omit<GenerateRequest, 'signal'> }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'stats'; readonly id: number }
  | { readonly type: 'close' };

/** The way back. */
export type ToParent =
  | { readonly type: 'started'; readonly models: readonly ModelCard[] }
  | { readonly type: 'not-started'; readonly error: TransferredError }
  | { readonly type: 'progress'; readonly value: unknown }
  | { readonly type: 'report'; readonly value: unknown }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'deliver'; readonly deliveries: readonly Delivery[] }
  | { readonly type: 'stats'; readonly id: number; readonly stats: EngineStats | undefined };

/** What one generation has to say. */
export type Delivery =
  | { readonly id: number; readonly event: GenerationEvent }
  | { readonly id: number; readonly error: TransferredError }
  | { readonly id: number; readonly done: true };
