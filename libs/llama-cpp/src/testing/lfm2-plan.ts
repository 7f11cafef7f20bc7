import { attentionPlan, commonMetadata, feedForwardPlan } from './gated-transformer-plan.js';
import type { ArchitecturePlan } from './tiny-architecture.js';
import type { TensorPlan, TinyShape } from './tiny-shape.js';
import { embedding, matrix, outputGain, vector } from './tiny-shape.js';

const kernelSize = 3;

/** Tensors of LFM2: layers with a short convolution, which is a recurrent state, and layers with attention take turns. */
export function lfm2Plan(shape: TinyShape): ArchitecturePlan {
  const { layers, hiddenSize, kvHeads, vocabularySize } = shape;
  const hasAttention = Array.from({ length: layers }, (_, layer) => layer % 2 === 1);
  return {
    metadata: {
      ...commonMetadata(shape),
      'attention.head_count_kv': ['i32[]', hasAttention.map((has) => (has ? kvHeads : 0))],
      'shortconv.l_cache': ['u32', kernelSize],
    },
    tensors: [
      embedding('token_embd.weight', hiddenSize, vocabularySize),
      // The norm before the head; files call it so.
      vector('token_embd_norm.weight', hiddenSize, 1),
      ...hasAttention.flatMap((has, layer) => [
        ...(has
          ? attentionPlan(`blk.${layer}`, shape, { headNorms: true })
          : convolutionPlan(`blk.${layer}`, hiddenSize)),
        ...feedForwardPlan(`blk.${layer}`, shape, {}),
      ]),
    ],
  };
}

function convolutionPlan(block: string, hiddenSize: number): TensorPlan[] {
  return [
    vector(`${block}.attn_norm.weight`, hiddenSize, 1),
    matrix(`${block}.shortconv.in_proj.weight`, hiddenSize, 3 * hiddenSize),
    { ...matrix(`${block}.shortconv.conv.weight`, kernelSize, hiddenSize), formatted: false },
    matrix(`${block}.shortconv.out_proj.weight`, hiddenSize, hiddenSize, outputGain),
  ];
}
