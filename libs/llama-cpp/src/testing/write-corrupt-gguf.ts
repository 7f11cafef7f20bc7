import type { GgufEntry } from '@mcli/model-builder/testing';
import { tinyTokens } from '@mcli/model-builder/testing';
import type { TinyArchitectureName } from './tiny-architecture.js';
import { writeTinyGguf } from './write-tiny-gguf.js';

/** What llama.cpp is busy with when it ends the process. */
export type CorruptGgufFault = 'load' | 'context' | 'decode';

/**
 * Writes a file on which llama.cpp aborts the process (SIGABRT after `GGML_ASSERT(…) failed`) instead of returning an
 * error, for testing what is left when that happens. Its header is in order, and all tensors are there.
 *
 * - `load`: two tokens have the same text; `llama_model_load_from_file` fails with
 *   `GGML_ASSERT(id_to_token.size() == token_to_id.size()) failed`.
 * - `context`: positions turn more numbers than a head has, in an architecture that checks it when its graph is made;
 *   the model is loaded, `llama_init_from_model` fails with `GGML_ASSERT(n_embd_head == n_rot) failed`.
 * - `decode`: the same in an architecture that doesn't; model and context are made without complaint and texts are
 *   turned into tokens, the first `llama_decode` fails with `GGML_ASSERT(n_dims <= ne0) failed`.
 *
 * For a failure in the middle of an answer: `writeTinyGguf(path, 'gpt2', { contextLength: 16 })` in a context that is
 * longer. llama.cpp only warns of it, and the pass over the seventeenth token fails with
 * `GGML_ASSERT(i01 >= 0 && i01 < ne01) failed`.
 */
export async function writeCorruptGguf(path: string, fault: CorruptGgufFault): Promise<void> {
  const [architecture, metadata] = faults[fault];
  await writeTinyGguf(path, architecture, { metadata });
}

const faults: Readonly<Record<CorruptGgufFault, readonly [TinyArchitectureName, Readonly<Record<string, GgufEntry>>]>> =
  {
    load: ['qwen2', { 'tokenizer.ggml.tokens': ['string[]', tinyTokens.with(-1, tinyTokens[0] ?? '')] }],
    context: ['qwen2', { 'qwen2.rope.dimension_count': ['u32', 64] }],
    decode: ['phi3', { 'phi3.rope.dimension_count': ['u32', 64] }],
  };
