import { ModelBuildError } from '../model-build-error.js';
import type { WeightPart } from '../passes/weight.js';
import type { GgufFile, TensorInfo } from '../read/gguf-file.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { Activation } from './matmul.js';
import { addMatrix, addVector, multiply } from './matmul.js';
import { findTensor } from './model-shape.js';

/** A weight, and the name that it and its bias have in the file. */
export interface Part extends WeightPart {
  readonly name: string;
}

/** Several matrices below each other as one, with their biases when the file has them. */
export function addLinear(
  graph: GraphBuilder,
  file: GgufFile,
  name: string,
  activation: Activation,
  parts: readonly Part[],
): string {
  const matrix = addMatrix(graph, `${name}.weight`, parts, activation.form);
  if (!parts.some((part) => file.tensors.has(`${part.name}.bias`))) return multiply(graph, name, activation, matrix);
  const bias = addVector(
    graph,
    `${name}.bias`,
    parts.map(({ name: part, tensor, order, turnOutput }) => ({
      tensor: asColumn(findTensor(file, `${part}.bias`, 1, tensor.rows)),
      order,
      turnOutput,
    })),
  );
  return multiply(graph, name, activation, matrix, bias);
}

/** A vector as a matrix with one column, so that its numbers can be treated like rows. */
function asColumn(tensor: TensorInfo): TensorInfo {
  const { name, format, columns } = tensor;
  if (format.blockSize !== 1) {
    throw new ModelBuildError(
      'unsupported_tensor_type',
      `${name} is stored as ${format.name}, which is not read for biases`,
    );
  }
  return { ...tensor, rows: columns, columns: 1, rowBytes: format.blockBytes };
}
