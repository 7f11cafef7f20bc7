import type { TensorInfo } from '../read/gguf-file.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import { addVector } from './matmul.js';
import type { ModelShape } from './model-shape.js';

/**
 * Adds a branch to the stream and normalises the sum (RMSNorm).
 *
 * @param weight none when it was folded into the matrices behind
 */
export function addNorm(
  graph: GraphBuilder,
  name: string,
  stream: string,
  branch: string | undefined,
  weight: TensorInfo | undefined,
  shape: ModelShape,
): { readonly normed: string; readonly sum: string } {
  const gain = weight
    ? addVector(graph, weight.name, [{ tensor: weight }])
    : graph.constant('norm.ones', 'float32', [shape.hiddenSize], new Float32Array(shape.hiddenSize).fill(1));
  const epsilon = { float: shape.epsilon };
  if (branch === undefined) {
    const normed = graph.node('SimplifiedLayerNormalization', name, [stream, gain], {
      axis: -1,
      epsilon,
      stash_type: 1,
    });
    return { normed, sum: stream };
  }
  const sum = `${name}.sum`;
  graph.nodes(
    'SkipSimplifiedLayerNormalization',
    [name, '', '', sum],
    [stream, branch, gain],
    { epsilon },
    'com.microsoft',
  );
  return { normed: name, sum };
}
