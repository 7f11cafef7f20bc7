import type { ArchitecturePlan } from './tiny-architecture.js';
import type { TensorPlan, TinyShape } from './tiny-shape.js';
import { embedding, matrix, outputGain, vector } from './tiny-shape.js';

const kernelSize = 4;
const stateSize = 16;
const timeStepRank = 4;

/** Tensors of Mamba: no attention, a state of fixed size that can't be taken back to an earlier token. */
export function mambaPlan(shape: TinyShape): ArchitecturePlan {
  const { layers, hiddenSize, vocabularySize, contextLength } = shape;
  const innerSize = 2 * hiddenSize;
  return {
    metadata: {
      block_count: ['u32', layers],
      context_length: ['u32', contextLength],
      embedding_length: ['u32', hiddenSize],
      feed_forward_length: ['u32', 0],
      'attention.head_count': ['u32', 0],
      'attention.layer_norm_rms_epsilon': ['f32', 1e-5],
      'ssm.conv_kernel': ['u32', kernelSize],
      'ssm.inner_size': ['u32', innerSize],
      'ssm.state_size': ['u32', stateSize],
      'ssm.time_step_rank': ['u32', timeStepRank],
    },
    tensors: [
      embedding('token_embd.weight', hiddenSize, vocabularySize),
      vector('output_norm.weight', hiddenSize, 1),
      ...Array.from({ length: layers }, (_, layer) => layerPlan(`blk.${layer}`, hiddenSize, innerSize)).flat(),
    ],
  };
}

function layerPlan(block: string, hiddenSize: number, innerSize: number): TensorPlan[] {
  return [
    vector(`${block}.attn_norm.weight`, hiddenSize, 1),
    matrix(`${block}.ssm_in.weight`, hiddenSize, 2 * innerSize),
    { ...matrix(`${block}.ssm_conv1d.weight`, kernelSize, innerSize), formatted: false },
    vector(`${block}.ssm_conv1d.bias`, innerSize, 0),
    matrix(`${block}.ssm_x.weight`, innerSize, timeStepRank + 2 * stateSize),
    { ...matrix(`${block}.ssm_dt.weight`, timeStepRank, innerSize), formatted: false },
    vector(`${block}.ssm_dt.bias`, innerSize, -1),
    // Negative: states fade.
    { ...vector(`${block}.ssm_a`, stateSize, -1.5, 2), shape: [stateSize, innerSize] },
    vector(`${block}.ssm_d`, innerSize, 1),
    matrix(`${block}.ssm_out.weight`, innerSize, hiddenSize, outputGain),
  ];
}
