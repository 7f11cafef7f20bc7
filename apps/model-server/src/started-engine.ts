import type { ModelRunner } from '@mcli/inference';
import type { EngineFacts } from './engine-facts.js';

/** A model that is loaded, and what is said of it; why it runs there, its caller knows. */
export interface StartedEngine {
  readonly runner: ModelRunner & { readonly slots: number };
  readonly facts: Omit<EngineFacts, 'reason'>;
}
