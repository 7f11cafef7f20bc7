import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IntegerWeights, Runtime, Session } from '@mcli/ort';
import { addActivation, addMatrix, multiply } from '../architectures/matmul.js';
import { openGguf } from '../read/gguf-file.js';
import type { MatmulForm } from '../recipes.js';
import { DataLayout } from '../write/data-layout.js';
import { encodeOnnx } from '../write/encode-onnx.js';
import { GraphBuilder } from '../write/graph-builder.js';
import { writeWeights } from '../write/write-weights.js';
import { encodeTensor } from './encode-tensor.js';
import { writeGguf } from './write-gguf.js';

export interface ExtremeProducts {
  /** The largest error of a product, as a share of the sum of its terms' magnitudes. Rounding gives about 1e-7. */
  readonly worst: number;
  /** Whether activations are rounded to 8 bits: only sums of integers can saturate. */
  readonly rounds: boolean;
}

/** Signs of a weight or an activation: equal ones in a row, and such that neighbours' products add up all the same. */
const patterns: readonly ((row: number, column: number) => 1 | -1)[] = [
  () => 1,
  () => -1,
  (row) => (row % 2 ? 1 : -1),
  (_, column) => (column % 2 ? 1 : -1),
  (_, column) => ((column >> 1) % 2 ? 1 : -1),
  (row, column) => ((row + column) % 2 ? 1 : -1),
];

const matrixRows = 33; // not a whole number of any kernel's tiles
const depths = [32, 256];
const rowCounts = [1, 2, 5, 17]; // one row alone has a kernel of its own
const largest = 4; // the form `constant` cuts off above

/**
 * Multiplies activations of extreme size with matrices whose 8-bit numbers are all 127 or -127, through the files and nodes
 * that a build has for a form, and compares with plain arithmetic.
 *
 * @param integers what matrices with a scale a row are stored as
 */
export async function multiplyExtremes(
  runtime: Runtime,
  form: MatmulForm,
  integers: IntegerWeights,
): Promise<ExtremeProducts> {
  const folder = await mkdtemp(join(tmpdir(), 'mcli-extremes-'));
  let worst = 0;
  let rounds = true;
  try {
    for (const columns of depths) {
      for (const sign of patterns) {
        const session = await aProduct(runtime, folder, { form, integers, columns, sign });
        const runnable = { runtime, session, columns };
        for (const rows of rowCounts) {
          for (const activation of patterns) {
            const product = await run(runnable, rows, (column) => largest * activation(0, column));
            product.forEach((value, at) => {
              const exact = sum(columns, (column) => largest * activation(0, column) * sign(at % matrixRows, column));
              worst = Math.max(worst, Math.abs(value - exact) / (columns * largest));
            });
          }
          // What is a third of a step beside the block's largest is rounded away, or adds up.
          const small = (column: number): number => (column % 32 ? largest / 127 / 3 : largest);
          const product = await run(runnable, rows, small);
          product.forEach((value, at) => {
            const rounded = sum(columns, (column) => (column % 32 ? 0 : largest * sign(at % matrixRows, column)));
            rounds &&= Math.abs(value - rounded) < 0.001;
          });
        }
        await session.dispose();
      }
    }
    return { worst, rounds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface RunnableProduct {
  readonly runtime: Runtime;
  readonly session: Session;
  readonly columns: number;
}

interface Product {
  readonly form: MatmulForm;
  readonly integers: IntegerWeights;
  readonly columns: number;
  readonly sign: (row: number, column: number) => number;
}

/** A graph of one product, over a matrix of ±1. */
async function aProduct(
  runtime: Runtime,
  folder: string,
  { form, integers, columns, sign }: Product,
): Promise<Session> {
  const numbers = Float32Array.from({ length: matrixRows * columns }, (_, at) =>
    sign(Math.floor(at / columns), at % columns),
  );
  const source = join(folder, 'matrix.gguf');
  const shape = [columns, matrixRows];
  const tensors = [{ name: 'matrix', format: 'F32' as const, shape, bytes: encodeTensor('F32', numbers) }];
  await writeGguf(source, { tensors, metadata: {} });
  const file = await openGguf(source);
  const target = await open(join(folder, 'product.data'), 'w');
  try {
    const tensor = file.tensors.get('matrix');
    if (!tensor) throw new Error('The file has no matrix.');
    const data = new DataLayout();
    const graph = new GraphBuilder(data, integers);
    const input = graph.input({ name: 'input', type: 'float32', shape: ['rows', columns] });
    const matrix = addMatrix(graph, 'matrix', [{ tensor }], form);
    const activation = addActivation(graph, input, { columns, form, rows: 'rows', stack: false });
    multiply(graph, 'product', activation, matrix);
    graph.output({ name: 'product', type: 'float32', shape: ['rows', matrixRows] });
    await target.truncate(data.bytes);
    await writeWeights({ files: { source: file, target: target.fd }, weights: data.weights, threads: 1 });
    const names = { dataFile: 'product.data', producer: 'test', producerVersion: '1' };
    const path = join(folder, 'product.onnx');
    await writeFile(path, encodeOnnx(graph.finish('product'), names));
    return await runtime.createSession(path, { threads: 1 });
  } finally {
    await target.close();
    await file.close();
  }
}

async function run(
  { runtime, session, columns }: RunnableProduct,
  rows: number,
  activation: (column: number) => number,
): Promise<Float32Array> {
  const input = runtime.allocate('float32', [rows, columns]);
  input.data.forEach((_, at) => (input.data[at] = activation(at % columns)));
  const product = runtime.allocate('float32', [rows, matrixRows]);
  const binding = session.createBinding();
  binding.bindInput('input', input);
  binding.bindOutput('product', product);
  await session.run(binding);
  return product.data;
}

function sum(columns: number, term: (column: number) => number): number {
  let total = 0;
  for (let column = 0; column < columns; column++) total += term(column);
  return total;
}
