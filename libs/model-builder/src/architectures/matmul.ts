import { blockSize } from '../passes/quantize-blocks.js';
import type { WeightPart } from '../passes/weight.js';
import type { MatmulForm } from '../recipes.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { Initializer } from '../write/onnx-graph.js';

/** A matrix in the data file: rows of one or more tensors below each other. */
export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly form: MatmulForm;
  readonly values: Initializer;
  /** Present unless the form is `float32`. */
  readonly scales?: Initializer | undefined;
}

/** What is multiplied with matrices of one form, rounded once for all of them. */
export interface Activation {
  readonly form: MatmulForm;
  /** The values, or their 8-bit pieces with the constant scale of each. */
  readonly pieces: readonly { readonly value: string; readonly scale?: string }[];
  /** What each row of the product must be multiplied with, `[rows, 1]`. */
  readonly rowScale?: string | undefined;
}

/**
 * Magnitude at which an RMSNorm's output, which has unit variance, is cut off by the form `constant`. Larger keeps
 * outliers and rounds the rest more coarsely; 4 gives normally distributed values the smallest error.
 */
const cutOff = 4;

/** Puts a matrix into the data file. Rows that are not a whole number of blocks of 32 are `float32` instead of `block32`. */
export function addMatrix(graph: GraphBuilder, name: string, parts: readonly WeightPart[], wanted: MatmulForm): Matrix {
  const columns = parts[0]?.tensor.columns ?? 0;
  const rows = parts.reduce((sum, part) => sum + part.tensor.rows, 0);
  const form = formFor(wanted, columns);
  if (form === 'float32') {
    const values = graph.initializer(name, 'float32', [rows, columns]);
    graph.write({ kind: 'float32', name, values: values.region, parts });
    return { name, rows, columns, form, values };
  }
  const inBlocks = form === 'block32';
  const stored = `${name}.${inBlocks ? 'blocks' : 'rows'}`;
  const values = inBlocks
    ? graph.initializer(stored, 'uint8', [rows, columns / blockSize, blockSize])
    : graph.initializer(stored, 'int8', [columns, rows]);
  const scales = graph.initializer(`${stored}.scales`, 'float32', inBlocks ? [rows, columns / blockSize] : [rows]);
  const kind = inBlocks ? 'int8-blocks' : 'int8-rows';
  graph.write({ kind, name: stored, values: values.region, scales: scales.region, parts });
  return { name: stored, rows, columns, form, values, scales };
}

/** A vector in the data file, always float32: a norm's weight, or biases one after the other. */
export function addVector(graph: GraphBuilder, name: string, parts: readonly WeightPart[]): string {
  const size = parts.reduce((sum, { tensor }) => sum + tensor.rows * tensor.columns, 0);
  const values = graph.initializer(name, 'float32', [size]);
  graph.write({ kind: 'float32', name, values: values.region, parts });
  return name;
}

/** Rounds `input`, `[rows, columns]`, as the form of the matrices that it will be multiplied with asks for. */
export function addActivation(graph: GraphBuilder, input: string, columns: number, wanted: MatmulForm): Activation {
  const form = formFor(wanted, columns);
  if (form === 'float32' || form === 'block32') return { form, pieces: [{ value: input }] };
  const zero = graph.constant('activation.zero', 'uint8', [], Uint8Array.of(128));
  const byRow = form === 'row' || form === 'row-pair';
  const step = (byRow ? 1 : cutOff) / 127;
  const scale = graph.constant(`activation.${byRow ? 'row' : 'constant'}`, 'float32', [], Float32Array.of(step));
  const rowScale = byRow ? addRowMaximum(graph, input) : undefined;
  const unit = rowScale ? graph.node('Div', `${input}.unit`, [input, rowScale]) : input;
  const coarse = graph.node('QuantizeLinear', `${input}.coarse`, [unit, scale, zero]);
  const pieces = [{ value: coarse, scale }];
  if (form === 'row-pair' || form === 'constant-pair') {
    const fineScale = graph.constant(`${scale}.fine`, 'float32', [], Float32Array.of(step / 254));
    const known = graph.node('DequantizeLinear', `${input}.known`, [coarse, scale, zero]);
    const rest = graph.node('Sub', `${input}.rest`, [unit, known]);
    pieces.push({ value: graph.node('QuantizeLinear', `${input}.fine`, [rest, fineScale, zero]), scale: fineScale });
  }
  return { form, pieces, rowScale };
}

/** `activation · matrixᵀ + bias`, `[rows, matrix.rows]`. */
export function multiply(
  graph: GraphBuilder,
  output: string,
  activation: Activation,
  matrix: Matrix,
  bias?: string,
): string {
  const products = activation.pieces.map(({ value, scale }, index) => {
    const isLast = activation.pieces.length === 1 && !activation.rowScale && !bias;
    return addProduct(graph, isLast ? output : `${output}.piece${index}`, value, scale, matrix);
  });
  const steps: (readonly [operator: string, other: string])[] = [
    ...products.slice(1).map((product) => ['Add', product] as const),
    ...(activation.rowScale ? [['Mul', activation.rowScale] as const] : []),
    ...(bias ? [['Add', bias] as const] : []),
  ];
  return steps.reduce(
    (result, [operator, other], at) =>
      graph.node(operator, at === steps.length - 1 ? output : `${output}.step${at}`, [result, other]),
    products[0] as string,
  );
}

/**
 * The matrix's rows that `indices` name. 8-bit values are seen in a second shape over the same bytes, so that an
 * embedding that is also the head is stored once.
 */
export function lookUp(graph: GraphBuilder, output: string, indices: string, matrix: Matrix): string {
  if (!matrix.scales) return graph.node('Gather', output, [matrix.name, indices], { axis: 0 });
  const shape = [matrix.rows, matrix.columns];
  const rows = graph.initializer(`${matrix.name}.flat`, 'uint8', shape, matrix.values.region);
  return graph.node(
    'GatherBlockQuantized',
    output,
    [rows.name, indices, matrix.scales.name],
    { bits: 8, block_size: blockSize, gather_axis: 0, quantize_axis: 1 },
    'com.microsoft',
  );
}

function formFor(form: MatmulForm, columns: number): MatmulForm {
  return form === 'block32' && columns % blockSize !== 0 ? 'float32' : form;
}

/** The largest magnitude of each row. A row of zeros is divided by zero, becomes anything, and is multiplied by zero again. */
function addRowMaximum(graph: GraphBuilder, input: string): string {
  const last = graph.constant('axes.last', 'int64', [1], BigInt64Array.of(-1n));
  const magnitudes = graph.node('Abs', `${input}.magnitudes`, [input]);
  return graph.node('ReduceMax', `${input}.largest`, [magnitudes, last], { keepdims: 1 });
}

function addProduct(
  graph: GraphBuilder,
  output: string,
  input: string,
  scale: string | undefined,
  matrix: Matrix,
): string {
  if (!matrix.scales) {
    return graph.node('FusedMatMul', output, [input, matrix.name], { transB: 1 }, 'com.microsoft');
  }
  if (matrix.form === 'block32') {
    return graph.node(
      'MatMulNBits',
      output,
      [input, matrix.name, matrix.scales.name],
      { K: matrix.columns, N: matrix.rows, bits: 8, block_size: blockSize, accuracy_level: 4 },
      'com.microsoft',
    );
  }
  return graph.node(
    'MatMulIntegerToFloat',
    output,
    [input, matrix.name, scale ?? '', matrix.scales.name, 'activation.zero'],
    {},
    'com.microsoft',
  );
}
