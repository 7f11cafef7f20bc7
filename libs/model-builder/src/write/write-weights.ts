import type { FileHandle } from 'node:fs/promises';
import { dequantize } from '../passes/dequantize.js';
import { foldNorm } from '../passes/fold-norm.js';
import { blockSize, quantizeBlocks } from '../passes/quantize-blocks.js';
import { quantizeRows } from '../passes/quantize-rows.js';
import type { Weight, WeightPart } from '../passes/weight.js';
import type { GgufFile } from '../read/gguf-file.js';
import { readVector } from '../read/read-vector.js';
import { writeAt } from './write-at.js';

/** Numbers that are in memory at once, unless the rows that belong together are more. */
const chunkNumbers = 1 << 20;

export interface WriteWeightsOptions {
  readonly source: GgufFile;
  readonly target: FileHandle;
  readonly weights: readonly Weight[];
  /** Called as weights are written, with the bytes of the data file that are done and those of all weights. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Converts the weights one after the other, some rows at a time, each to its place in the data file. */
export async function writeWeights({
  source,
  target,
  weights,
  onProgress,
  signal,
}: WriteWeightsOptions): Promise<void> {
  const total = weights.reduce((sum, { values }) => sum + values.byteLength, 0);
  let done = 0;
  for (const weight of weights) {
    const sink = createSink(target, weight);
    const numberBytes = weight.kind === 'float32' || weight.kind === 'computed' ? 4 : 1;
    for await (const values of readWeight(source, weight)) {
      signal?.throwIfAborted();
      await sink.take(values);
      done += values.length * numberBytes;
      onProgress?.(done, total);
    }
    await sink.end?.();
  }
}

/** Takes whole rows one after the other and brings them into the data file. */
interface Sink {
  take(values: Float32Array): Promise<void>;
  /** Called when all rows were taken. */
  end?(): Promise<void>;
}

function createSink(target: FileHandle, weight: Weight): Sink {
  if (weight.kind === 'int8-rows' || weight.kind === 'uint8-rows') return createRowSink(target, weight);
  let done = 0;
  return {
    async take(values) {
      if (weight.kind === 'int8-blocks') {
        const bytes = new Uint8Array(values.length);
        const scales = new Float32Array(values.length / blockSize);
        quantizeBlocks(values, bytes, scales);
        await writeAt(target, bytes, weight.values.offset + done);
        await writeAt(target, scales, weight.scales.offset + (done / blockSize) * 4);
      } else {
        await writeAt(target, values, weight.values.offset + done * 4);
      }
      done += values.length;
    },
  };
}

/** Rows become columns, so all of them are needed before the first byte can be written. */
function createRowSink(
  target: FileHandle,
  weight: Extract<Weight, { kind: 'int8-blocks' | 'int8-rows' | 'uint8-rows' }>,
): Sink {
  const width = weight.scales.byteLength / 4;
  const columns = weight.values.byteLength / width;
  const transposed = new Int8Array(weight.values.byteLength);
  const scales = new Float32Array(width);
  let row = 0;
  return {
    async take(values) {
      quantizeRows(values, columns, { transposed, width, scales }, row);
      row += values.length / columns;
    },
    async end() {
      if (weight.kind === 'uint8-rows') addHalf(transposed);
      await writeAt(target, transposed, weight.values.offset);
      await writeAt(target, scales, weight.scales.offset);
    },
  };
}

/** Makes int8 numbers uint8 ones by adding 128: the highest bit of each byte, seen eight bytes at a time where they fit. */
function addHalf({ buffer, byteOffset, byteLength }: Int8Array): void {
  const words = new Uint32Array(buffer, byteOffset, byteLength >> 2);
  for (let at = 0; at < words.length; at++) words[at] = (words[at] as number) ^ 0x80808080;
  const rest = new Uint8Array(buffer, byteOffset + words.byteLength, byteLength & 3);
  for (let at = 0; at < rest.length; at++) rest[at] = (rest[at] as number) ^ 0x80;
}

async function* readWeight(source: GgufFile, weight: Weight): AsyncGenerator<Float32Array> {
  if (weight.kind !== 'computed') {
    for (const part of weight.parts) yield* readPart(source, part);
    return;
  }
  const atOnce = Math.ceil(chunkNumbers / weight.columns);
  for (let row = 0; row < weight.rows; row += atOnce) {
    yield weight.compute(row, Math.min(atOnce, weight.rows - row));
  }
}

async function* readPart(source: GgufFile, part: WeightPart): AsyncGenerator<Float32Array> {
  const { tensor, turnInput, turnOutput, order } = part;
  const { rows, columns, rowBytes, offset, format } = tensor;
  const norm = part.norm && (await readVector(source, part.norm));
  const group = order?.size ?? 1;
  const atOnce = turnOutput ? rows : Math.min(rows, Math.max(1, Math.floor(chunkNumbers / columns / group)) * group);
  const bytes = new Uint8Array(atOnce * rowBytes);
  const stored = new Float32Array(atOnce * columns);
  const ordered = order ? new Float32Array(stored.length) : stored;
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    const values = stored.subarray(0, count * columns);
    await source.read(bytes.subarray(0, count * rowBytes), offset + row * rowBytes);
    dequantize(format.name, bytes, values);
    if (norm) foldNorm(values, norm);
    turnInput?.turnRows(values);
    turnOutput?.turnColumns(values, columns);
    if (order) {
      for (let i = 0; i < count; i++) {
        const to = (order.to[row + i] as number) - row;
        ordered.set(values.subarray(i * columns, (i + 1) * columns), to * columns);
      }
    }
    yield ordered.subarray(0, count * columns);
  }
}
