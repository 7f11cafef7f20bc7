import type { ArchitecturePlan } from './tiny-architecture.js';
import type { TensorPlan, TinyShape } from './tiny-shape.js';
import { embedding, matrix, outputGain, queryGain, vector } from './tiny-shape.js';

/** Tensors of GPT-2: layer norms, learnt positions, biases everywhere, every query head has keys of its own. */
export function gpt2Plan(shape: TinyShape): ArchitecturePlan {
  const { layers, hiddenSize, heads, feedForwardSize, vocabularySize, contextLength } = shape;
  return {
    metadata: {
      block_count: ['u32', layers],
      context_length: ['u32', contextLength],
      embedding_length: ['u32', hiddenSize],
      feed_forward_length: ['u32', feedForwardSize],
      'attention.head_count': ['u32', heads],
      'attention.layer_norm_epsilon': ['f32', 1e-5],
    },
    tensors: [
      embedding('token_embd.weight', hiddenSize, vocabularySize),
      embedding('position_embd.weight', hiddenSize, contextLength),
      ...norm('output_norm', hiddenSize),
      ...Array.from({ length: layers }, (_, layer) => [
        ...norm(`blk.${layer}.attn_norm`, hiddenSize),
        ...linear(`blk.${layer}.attn_qkv`, hiddenSize, 3 * hiddenSize, Math.sqrt(queryGain)),
        ...linear(`blk.${layer}.attn_output`, hiddenSize, hiddenSize, outputGain),
        ...norm(`blk.${layer}.ffn_norm`, hiddenSize),
        ...linear(`blk.${layer}.ffn_up`, hiddenSize, feedForwardSize),
        ...linear(`blk.${layer}.ffn_down`, feedForwardSize, hiddenSize, outputGain),
      ]).flat(),
    ],
  };
}

/** A layer norm with its bias. */
export function norm(name: string, size: number): TensorPlan[] {
  return [vector(`${name}.weight`, size, 1), vector(`${name}.bias`, size, 0)];
}

/** A matrix with its bias. */
export function linear(name: string, columns: number, rows: number, gain = 1): TensorPlan[] {
  return [matrix(`${name}.weight`, columns, rows, gain), vector(`${name}.bias`, rows, 0)];
}
