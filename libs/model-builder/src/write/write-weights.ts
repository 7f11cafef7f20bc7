import type { FileHandle } from 'node:fs/promises';
import { dequantize } from '../passes/dequantize.js';
import { int8BlockSize, quantizeInt8 } from '../passes/quantize-int8.js';
import type { Weight, WeightPart } from '../passes/weight.js';
import type { GgufFile } from '../read/gguf-file.js';

/** Numbers that are in memory at once, unless one head's rows alone are more. */
const chunkNumbers = 1 << 20;

export interface WriteWeightsOptions {
  readonly source: GgufFile;
  readonly target: FileHandle;
  readonly weights: readonly Weight[];
  /** Called after each weight. */
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
  for (const [index, weight] of weights.entries()) {
    let row = 0;
    for await (const { values, rows } of readWeight(source, weight)) {
      signal?.throwIfAborted();
      await writeRows(target, weight, values, row);
      row += rows;
    }
    onProgress?.(index + 1, weights.length);
  }
}

interface Rows {
  readonly values: Float32Array;
  readonly rows: number;
}

async function* readWeight(source: GgufFile, weight: Weight): AsyncGenerator<Rows> {
  if (weight.kind !== 'computed') {
    for (const part of weight.parts) yield* readPart(source, part);
    return;
  }
  const atOnce = Math.ceil(chunkNumbers / weight.columns);
  for (let row = 0; row < weight.rows; row += atOnce) {
    const rows = Math.min(atOnce, weight.rows - row);
    yield { values: weight.compute(row, rows), rows };
  }
}

async function* readPart(source: GgufFile, part: WeightPart): AsyncGenerator<Rows> {
  const { rows, columns, rowBytes, offset, format } = part.tensor;
  const group = part.order?.size ?? 1;
  const atOnce = Math.min(rows, Math.max(1, Math.floor(chunkNumbers / columns / group)) * group);
  const bytes = new Uint8Array(atOnce * rowBytes);
  const stored = new Float32Array(atOnce * columns);
  const ordered = part.order ? new Float32Array(stored.length) : stored;
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    await source.read(bytes.subarray(0, count * rowBytes), offset + row * rowBytes);
    dequantize(format.name, bytes, stored.subarray(0, count * columns));
    if (part.order) {
      for (let i = 0; i < count; i++) {
        const to = (part.order.to[row + i] as number) - row;
        ordered.set(stored.subarray(i * columns, (i + 1) * columns), to * columns);
      }
    }
    yield { values: ordered.subarray(0, count * columns), rows: count };
  }
}

async function writeRows(target: FileHandle, weight: Weight, values: Float32Array, row: number): Promise<void> {
  const columns = weight.kind === 'computed' ? weight.columns : (weight.parts[0]?.tensor.columns ?? 0);
  const start = row * columns;
  if (weight.kind !== 'int8-block32') {
    await writeAt(target, values, weight.values.offset + start * 4);
    return;
  }
  const bytes = new Uint8Array(values.length);
  const scales = new Float32Array(values.length / int8BlockSize);
  quantizeInt8(values, bytes, scales);
  await writeAt(target, bytes, weight.values.offset + start);
  await writeAt(target, scales, weight.scales.offset + (start / int8BlockSize) * 4);
}

async function writeAt(target: FileHandle, array: Float32Array | Uint8Array, offset: number): Promise<void> {
  let written = 0;
  while (written < array.byteLength) {
    const { bytesWritten } = await target.write(
      new Uint8Array(array.buffer, array.byteOffset + written, array.byteLength - written),
      0,
      array.byteLength - written,
      offset + written,
    );
    written += bytesWritten;
  }
}
