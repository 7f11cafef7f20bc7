import { int8BlockSize } from '../passes/quantize-int8.js';
import type { WeightPart } from '../passes/weight.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { Initializer } from '../write/onnx-graph.js';

/** A matrix in the data file: rows of one or more tensors below each other. */
export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: Initializer;
  /** Present when the values are 8-bit numbers in blocks of 32. */
  readonly scales?: Initializer | undefined;
}

/**
 * Puts a matrix into the data file, in the form that the build asks for. Rows that are not a whole number of blocks of
 * 32 stay float32.
 */
export function addMatrix(graph: GraphBuilder, name: string, parts: readonly WeightPart[]): Matrix {
  const columns = parts[0]?.tensor.columns ?? 0;
  const rows = parts.reduce((sum, part) => sum + part.tensor.rows, 0);
  if (graph.form === 'float32' || columns % int8BlockSize !== 0) {
    const values = graph.initializer(name, 'float32', [rows, columns]);
    graph.write({ kind: 'float32', name, values: values.region, parts });
    return { name, rows, columns, values };
  }
  const blocks = columns / int8BlockSize;
  const values = graph.initializer(name, 'uint8', [rows, blocks, int8BlockSize]);
  const scales = graph.initializer(`${name}.scales`, 'float32', [rows, blocks]);
  graph.write({ kind: 'int8-block32', name, values: values.region, scales: scales.region, parts });
  return { name, rows, columns, values, scales };
}

/** A vector in the data file, always float32: a norm's weight, or biases one after the other. */
export function addVector(graph: GraphBuilder, name: string, parts: readonly WeightPart[]): string {
  const size = parts.reduce((sum, { tensor }) => sum + tensor.rows * tensor.columns, 0);
  const values = graph.initializer(name, 'float32', [size]);
  graph.write({ kind: 'float32', name, values: values.region, parts });
  return name;
}

/** `input · matrixᵀ`, over any leading dimensions. */
export function multiply(graph: GraphBuilder, output: string, input: string, matrix: Matrix): string {
  if (!matrix.scales) {
    return graph.node('FusedMatMul', output, [input, matrix.name], { transB: 1 }, 'com.microsoft');
  }
  return graph.node(
    'MatMulNBits',
    output,
    [input, matrix.name, matrix.scales.name],
    { K: matrix.columns, N: matrix.rows, bits: 8, block_size: int8BlockSize, accuracy_level: 4 },
    'com.microsoft',
  );
}

/**
 * The matrix's rows that `indices` name. 8-bit values are seen in a second shape over the same bytes, so that an
 * embedding that is also the head is stored once.
 */
export function lookUp(graph: GraphBuilder, output: string, indices: string, matrix: Matrix): string {
  if (!matrix.scales) return graph.node('Gather', output, [matrix.name, indices], { axis: 0 });
  const shape = [matrix.rows, matrix.columns];
  const rows = graph.initializer(`${matrix.name}.rows`, 'uint8', shape, matrix.values.region);
  return graph.node(
    'GatherBlockQuantized',
    output,
    [rows.name, indices, matrix.scales.name],
    { bits: 8, block_size: int8BlockSize, gather_axis: 0, quantize_axis: 1 },
    'com.microsoft',
  );
}
