import type { GgufEntry } from '@mcli/model-builder/testing';
import type { ArchitecturePlan } from './tiny-architecture.js';
import type { TensorPlan, TinyShape } from './tiny-shape.js';
import { embedding, expertMatrices, matrix, outputGain, queryGain, vector } from './tiny-shape.js';

/** What sets the descendants of Llama apart. All default to false. */
export interface TransformerTraits {
  /** Queries, keys and values have biases. */
  readonly biases?: boolean;
  /** The heads of queries and keys are normalised. */
  readonly headNorms?: boolean;
  /** What attention and feed-forward give is normalised too. */
  readonly postNorms?: boolean;
  /** Queries, keys and values are one matrix, gate and up too. */
  readonly fused?: boolean;
  /** The feed-forward part is a mixture of experts. */
  readonly experts?: boolean;
  /** Layers see a window only. */
  readonly window?: boolean;
  /** Scores and logits are bent towards a limit. */
  readonly softCaps?: boolean;
}

/** Tensors of Llama and its descendants: root mean square norms, rotary positions, a gated feed-forward part. */
export function gatedTransformerPlan(shape: TinyShape, traits: TransformerTraits): ArchitecturePlan {
  const { layers, hiddenSize, vocabularySize } = shape;
  return {
    metadata: { ...commonMetadata(shape), ...traitMetadata(shape, traits) },
    tensors: [
      embedding('token_embd.weight', hiddenSize, vocabularySize),
      vector('output_norm.weight', hiddenSize, 1),
      ...Array.from({ length: layers }, (_, layer) => layerPlan(`blk.${layer}`, shape, traits)).flat(),
    ],
  };
}

function layerPlan(block: string, shape: TinyShape, traits: TransformerTraits): TensorPlan[] {
  const postNorms = traits.postNorms ? ['post_attention_norm', 'post_ffw_norm'] : [];
  return [
    ...attentionPlan(block, shape, traits),
    ...feedForwardPlan(block, shape, traits),
    ...postNorms.map((name) => vector(`${block}.${name}.weight`, shape.hiddenSize, 2 * outputGain)),
  ];
}

/** The tensors of a layer's attention, its norm included. */
export function attentionPlan(block: string, shape: TinyShape, traits: TransformerTraits): TensorPlan[] {
  const { hiddenSize, heads, kvHeads, headSize } = shape;
  const sizes = { q: heads * headSize, k: kvHeads * headSize, v: kvHeads * headSize };
  const projections = traits.fused
    ? [matrix(`${block}.attn_qkv.weight`, hiddenSize, sizes.q + sizes.k + sizes.v, Math.sqrt(queryGain))]
    : Object.entries(sizes).flatMap(([name, rows]) => [
        matrix(`${block}.attn_${name}.weight`, hiddenSize, rows, name === 'q' ? queryGain : 1),
        ...(traits.biases ? [vector(`${block}.attn_${name}.bias`, rows, 0)] : []),
      ]);
  const headNorms = traits.headNorms ? ['attn_q_norm', 'attn_k_norm'] : [];
  return [
    vector(`${block}.attn_norm.weight`, hiddenSize, 1),
    ...projections,
    ...headNorms.map((name) => vector(`${block}.${name}.weight`, headSize, 2)),
    matrix(`${block}.attn_output.weight`, sizes.q, hiddenSize, outputGain),
  ];
}

/** The tensors of a layer's feed-forward part, its norm included. */
export function feedForwardPlan(block: string, shape: TinyShape, traits: TransformerTraits): TensorPlan[] {
  const { hiddenSize, feedForwardSize, experts } = shape;
  const norm = vector(`${block}.ffn_norm.weight`, hiddenSize, 1);
  if (traits.experts) {
    return [
      norm,
      { ...matrix(`${block}.ffn_gate_inp.weight`, hiddenSize, experts), formatted: false },
      expertMatrices(`${block}.ffn_gate_exps.weight`, hiddenSize, feedForwardSize, experts),
      expertMatrices(`${block}.ffn_up_exps.weight`, hiddenSize, feedForwardSize, experts),
      expertMatrices(`${block}.ffn_down_exps.weight`, feedForwardSize, hiddenSize, experts, outputGain),
    ];
  }
  const down = matrix(`${block}.ffn_down.weight`, feedForwardSize, hiddenSize, outputGain);
  if (traits.fused) return [norm, matrix(`${block}.ffn_up.weight`, hiddenSize, 2 * feedForwardSize), down];
  return [
    norm,
    matrix(`${block}.ffn_gate.weight`, hiddenSize, feedForwardSize),
    matrix(`${block}.ffn_up.weight`, hiddenSize, feedForwardSize),
    down,
  ];
}

/** What all of the family say of themselves. */
export function commonMetadata(shape: TinyShape): Record<string, GgufEntry> {
  return {
    block_count: ['u32', shape.layers],
    context_length: ['u32', shape.contextLength],
    embedding_length: ['u32', shape.hiddenSize],
    feed_forward_length: ['u32', shape.feedForwardSize],
    'attention.head_count': ['u32', shape.heads],
    'attention.head_count_kv': ['u32', shape.kvHeads],
    'attention.key_length': ['u32', shape.headSize],
    'attention.value_length': ['u32', shape.headSize],
    'attention.layer_norm_rms_epsilon': ['f32', 1e-5],
    'rope.freq_base': ['f32', 10_000],
    'rope.dimension_count': ['u32', shape.headSize],
  };
}

function traitMetadata(shape: TinyShape, traits: TransformerTraits): Record<string, GgufEntry> {
  const metadata: Record<string, GgufEntry> = {};
  if (traits.window) {
    metadata['attention.sliding_window'] = ['u32', shape.slidingWindow];
    metadata['attention.sliding_window_pattern'] = ['u32', shape.slidingWindowPattern];
  }
  if (traits.softCaps) {
    metadata['attn_logit_softcapping'] = ['f32', 50];
    metadata['final_logit_softcapping'] = ['f32', 30];
  }
  if (traits.experts) {
    metadata['expert_count'] = ['u32', shape.experts];
    metadata['expert_used_count'] = ['u32', shape.expertsUsed];
    metadata['expert_feed_forward_length'] = ['u32', shape.feedForwardSize];
  }
  return metadata;
}
