import type { NativeFunctions } from './native/function-table.js';

/**
 * What a model can do: `decoder`: write. `encoder`: make embeddings only. `both`: translate what an encoder read.
 * `diffusion`: write in an order of its own.
 */
export type ModelKind = 'decoder' | 'encoder' | 'both' | 'diffusion';

/**
 * Architectures without a memory of what they read, though llama.cpp doesn't count them as encoders. Source:
 * `llama_model::create_memory` of the release in `release.ts`.
 */
const encoders: ReadonlySet<string> = new Set([
  'bert',
  'eurobert',
  'gemma-embedding',
  'jina-bert-v2',
  'jina-bert-v3',
  'modern-bert',
  'neo-bert',
  'nomic-bert',
  'nomic-bert-moe',
  'wavtokenizer-dec',
]);

/** @param metadata the model's, as texts */
export function kindOfModel(
  functions: NativeFunctions,
  handle: bigint,
  metadata: ReadonlyMap<string, string>,
): ModelKind {
  if (functions.llama_model_is_diffusion(handle)) return 'diffusion';
  if (encoders.has(metadata.get('general.architecture') ?? '')) return 'encoder';
  if (!functions.llama_model_has_encoder(handle)) return 'decoder';
  return functions.llama_model_has_decoder(handle) ? 'both' : 'encoder';
}
