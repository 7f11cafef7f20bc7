import type { GgufEntry } from '@mcli/model-builder/testing';
import { bertPlan } from './bert-plan.js';
import { gatedTransformerPlan } from './gated-transformer-plan.js';
import { gpt2Plan } from './gpt2-plan.js';
import { lfm2Plan } from './lfm2-plan.js';
import { mambaPlan } from './mamba-plan.js';
import type { TensorPlan, TinyShape } from './tiny-shape.js';

/**
 * An architecture by llama.cpp's name of it, for what is special about running it:
 *
 * - `llama`, `qwen2` (biases), `qwen3` (norms of heads), `phi3` (fused matrices): a cache that can be cut anywhere.
 * - `qwen3moe`: a mixture of experts.
 * - `gemma2` (with limits on scores), `gemma3`: a sliding window of 16 tokens in every other layer, in all with
 *   `slidingWindowPattern: 0`. Unless the context keeps all (`swa_full`), tokens before the window are forgotten. A window
 *   in the metadata of `llama`, `qwen2` or `phi3` is ignored by llama.cpp.
 * - `gpt2`: learnt positions, so none beyond `contextLength`.
 * - `mamba`: a recurrent state, `lfm2`: one beside a cache; neither can be cut back.
 * - `bert`: embeddings only (the mean of all tokens'), by `llama_encode`.
 */
export type TinyArchitectureName =
  'llama' | 'qwen2' | 'qwen3' | 'qwen3moe' | 'gemma2' | 'gemma3' | 'phi3' | 'gpt2' | 'mamba' | 'lfm2' | 'bert';

export type TinyVocabularyName = 'bpe' | 'sentencepiece' | 'wordpiece';

/** What a file of an architecture holds besides its vocabulary. */
export interface ArchitecturePlan {
  /** Without the architecture's name in front. */
  readonly metadata: Readonly<Record<string, GgufEntry>>;
  readonly tensors: readonly TensorPlan[];
}

export interface TinyArchitecture {
  /** What the architecture's published models use. */
  readonly vocabulary: TinyVocabularyName;
  /** How texts are cut before byte-level BPE, by llama.cpp's name of it. */
  readonly preTokenizer: string;
  plan(shape: TinyShape): ArchitecturePlan;
}

/** All architectures that `writeTinyGguf` knows. */
export const tinyArchitectures: Readonly<Record<TinyArchitectureName, TinyArchitecture>> = {
  llama: transformer('bpe', 'llama-bpe', {}),
  qwen2: transformer('bpe', 'qwen2', { biases: true }),
  qwen3: transformer('bpe', 'qwen2', { headNorms: true }),
  qwen3moe: transformer('bpe', 'qwen2', { headNorms: true, experts: true }),
  gemma2: transformer('sentencepiece', 'default', { postNorms: true, window: true, softCaps: true }),
  gemma3: transformer('sentencepiece', 'default', { headNorms: true, postNorms: true, window: true }),
  phi3: transformer('sentencepiece', 'default', { fused: true }),
  gpt2: { vocabulary: 'bpe', preTokenizer: 'gpt-2', plan: gpt2Plan },
  mamba: { vocabulary: 'bpe', preTokenizer: 'default', plan: mambaPlan },
  lfm2: { vocabulary: 'bpe', preTokenizer: 'lfm2', plan: lfm2Plan },
  bert: { vocabulary: 'wordpiece', preTokenizer: 'default', plan: bertPlan },
};

function transformer(
  vocabulary: TinyVocabularyName,
  preTokenizer: string,
  traits: Parameters<typeof gatedTransformerPlan>[1],
): TinyArchitecture {
  return { vocabulary, preTokenizer, plan: (shape) => gatedTransformerPlan(shape, traits) };
}
