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
  /** Two pieces below each other, `[2 · rows, columns]`, instead of `pieces`; the second counts a 254th. */
  readonly stack?: { readonly value: string; readonly scale: string; readonly rows: string } | undefined;
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
    : graph.initializer(stored, graph.integers, [columns, rows]);
  const scales = graph.initializer(`${stored}.scales`, 'float32', inBlocks ? [rows, columns / blockSize] : [rows]);
  const kind = inBlocks ? 'int8-blocks' : (`${graph.integers}-rows` as const);
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

/** What is rounded before it is multiplied. */
export interface ActivationPlan {
  readonly columns: number;
  /** As the matrices ask for that it will be multiplied with. */
  readonly form: MatmulForm;
  /** The graph's name for the number of rows. */
  readonly rows: string;
  /**
   * Whether two pieces go through the matrix together: its numbers come from memory once then, which counts for few
   * rows. For many the sum costs more than it saves.
   */
  readonly stack: boolean;
}

/** The second piece is in 254ths of the first one's step: what is left after rounding is at most half a step, which is 127 of them. */
const fineSteps = 254;

/** Rounds `input`, `[rows, columns]`. */
export function addActivation(graph: GraphBuilder, input: string, plan: ActivationPlan): Activation {
  const form = formFor(plan.form, plan.columns);
  if (form === 'float32' || form === 'block32') return { form, pieces: [{ value: input }] };
  const zero = graph.constant('activation.zero', 'uint8', [], Uint8Array.of(128));
  const byRow = form === 'row' || form === 'row-pair';
  const step = (byRow ? 1 : cutOff) / 127;
  const scale = graph.constant(`activation.${byRow ? 'row' : 'constant'}`, 'float32', [], Float32Array.of(step));
  const rowScale = byRow ? addRowMaximum(graph, input) : undefined;
  const unit = rowScale ? graph.node('Div', `${input}.unit`, [input, rowScale]) : input;
  const coarse = graph.node('QuantizeLinear', `${input}.coarse`, [unit, scale, zero]);
  if (form === 'row' || form === 'constant') return { form, pieces: [{ value: coarse, scale }], rowScale };
  const fineScale = graph.constant(`${scale}.fine`, 'float32', [], Float32Array.of(step / fineSteps));
  const known = graph.node('DequantizeLinear', `${input}.known`, [coarse, scale, zero]);
  const rest = graph.node('Sub', `${input}.rest`, [unit, known]);
  const fine = graph.node('QuantizeLinear', `${input}.fine`, [rest, fineScale, zero]);
  if (!plan.stack)
    return {
      form,
      pieces: [
        { value: coarse, scale },
        { value: fine, scale: fineScale },
      ],
      rowScale,
    };
  const value = graph.node('Concat', `${input}.stack`, [coarse, fine], { axis: 0 });
  graph.describe({ name: value, type: 'uint8', shape: [twice(plan.rows), plan.columns] });
  return { form, pieces: [], stack: { value, scale, rows: plan.rows }, rowScale };
}

/** `activation · matrixᵀ + bias`, `[rows, matrix.rows]`. */
export function multiply(
  graph: GraphBuilder,
  output: string,
  activation: Activation,
  matrix: Matrix,
  bias?: string,
): string {
  const { pieces, stack, rowScale } = activation;
  const products = stack
    ? addStackedProducts(graph, output, stack, matrix)
    : pieces.map(({ value, scale }, index) => {
        const isLast = pieces.length === 1 && !rowScale && !bias;
        return addProduct(graph, isLast ? output : `${output}.piece${index}`, value, scale, matrix);
      });
  const steps: (readonly [operator: string, other: string])[] = [
    ...products.slice(1).map((product) => ['Add', product] as const),
    ...(rowScale ? [['Mul', rowScale] as const] : []),
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

/** The products of two pieces that are stacked, each `[rows, matrix.rows]`. */
function addStackedProducts(
  graph: GraphBuilder,
  output: string,
  { value, scale, rows }: NonNullable<Activation['stack']>,
  matrix: Matrix,
): readonly string[] {
  const describe = (name: string, count: string): string =>
    graph.describe({ name, type: 'float32', shape: [count, matrix.rows] });
  const product = describe(addProduct(graph, `${output}.stack`, value, scale, matrix), twice(rows));
  const [coarse, fine] = [`${output}.coarse`, `${output}.fine`] as const;
  graph.nodes('Split', [coarse, fine], [product], { axis: 0, num_outputs: 2 }, '');
  for (const name of [coarse, fine]) describe(name, rows);
  const share = graph.constant('activation.fine_share', 'float32', [], Float32Array.of(1 / fineSteps));
  return [coarse, graph.node('Mul', `${output}.fine_share`, [fine, share])];
}

/** The graph's name for twice a number of rows. */
const twice = (rows: string): string => `twice_${rows}`;

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
    [
      input,
      matrix.name,
      scale ?? '',
      matrix.scales.name,
      'activation.zero',
      ...(matrix.values.type === 'uint8' ? [graph.constant('weight.zero', 'uint8', [], Uint8Array.of(128))] : []),
    ],
    {},
    'com.microsoft',
  );
}
