import { linear, norm } from './gpt2-plan.js';
import type { ArchitecturePlan } from './tiny-architecture.js';
import type { TinyShape } from './tiny-shape.js';
import { embedding } from './tiny-shape.js';

/** Tensors of BERT: every token sees all others, and the embeddings' mean stands for the text. */
export function bertPlan(shape: TinyShape): ArchitecturePlan {
  const { layers, hiddenSize, heads, feedForwardSize, vocabularySize, contextLength } = shape;
  return {
    metadata: {
      block_count: ['u32', layers],
      context_length: ['u32', contextLength],
      embedding_length: ['u32', hiddenSize],
      feed_forward_length: ['u32', feedForwardSize],
      'attention.head_count': ['u32', heads],
      'attention.layer_norm_epsilon': ['f32', 1e-12],
      'attention.causal': ['bool', false],
      pooling_type: ['u32', 1],
    },
    tensors: [
      embedding('token_embd.weight', hiddenSize, vocabularySize),
      { ...embedding('token_types.weight', hiddenSize, 2), formatted: false },
      embedding('position_embd.weight', hiddenSize, contextLength),
      ...norm('token_embd_norm', hiddenSize),
      ...Array.from({ length: layers }, (_, layer) => [
        ...['q', 'k', 'v'].flatMap((name) => linear(`blk.${layer}.attn_${name}`, hiddenSize, hiddenSize)),
        ...linear(`blk.${layer}.attn_output`, hiddenSize, hiddenSize),
        ...norm(`blk.${layer}.attn_output_norm`, hiddenSize),
        ...linear(`blk.${layer}.ffn_up`, hiddenSize, feedForwardSize),
        ...linear(`blk.${layer}.ffn_down`, feedForwardSize, hiddenSize),
        ...norm(`blk.${layer}.layer_output_norm`, hiddenSize),
      ]).flat(),
    ],
  };
}
