import { dequantize } from '../passes/dequantize.js';
import { foldNorm } from '../passes/fold-norm.js';
import { blockSize, quantizeBlocks } from '../passes/quantize-blocks.js';
import { quantizeRows } from '../passes/quantize-rows.js';
import { rotaryRowsOf } from '../passes/rotary-table.js';
import { Rotation } from '../passes/rotation.js';
import type { WeightPart } from '../passes/weight.js';
import type { GgufFile } from '../read/gguf-file.js';
import { readAt } from '../read/read-at.js';
import { readVector } from '../read/read-vector.js';
import { isRowsWeight, RowsOutput } from './rows-output.js';
import { Scratch } from './scratch.js';
import type { WeightJob } from './weight-job.js';
import { writeAt } from './write-at.js';

/** The open files that numbers are brought from and to. Plain data: descriptors count in all threads. */
export interface ConversionFiles {
  readonly source: Pick<GgufFile, 'fd' | 'label'>;
  readonly target: number;
}

/** Converts jobs one after the other, in whichever thread; what it needs stays in its memory for the next one. */
export class JobConverter {
  readonly #files: ConversionFiles;
  readonly #scratch = new Scratch();
  readonly #rotations = new Map<number, Rotation>();

  constructor(files: ConversionFiles) {
    this.#files = files;
  }

  /**
   * Converts the rows of a job, some at a time, and writes them.
   *
   * @param memory the weight's `RowsOutput.memory`, when it has one
   * @throws ModelBuildError `truncated` or `io` for the source; the system's error for the target
   */
  convert(job: WeightJob, memory?: SharedArrayBuffer): void {
    const { weight, row, first, count, atOnce } = job;
    const output = memory && isRowsWeight(weight) ? new RowsOutput(weight, memory) : undefined;
    const part = weight.kind === 'rotary' ? undefined : weight.parts[job.part];
    const norm = part?.norm && readVector(this.#files.source, part.norm);
    for (let done = 0; done < count; done += atOnce) {
      const now = Math.min(atOnce, count - done);
      const values =
        weight.kind === 'rotary'
          ? rotaryRowsOf(weight.table, first + done, now)
          : this.#readRows(part as WeightPart, norm, first + done, now);
      if (output) quantizeRows(values, job.columns, output.target, row + done);
      else this.#write(job, values, (row + done) * job.columns);
    }
    output?.finishJob(this.#files.target);
  }

  /** Rows that stay rows, from the weight's number `at` on. */
  #write({ weight }: WeightJob, values: Float32Array, at: number): void {
    const { target } = this.#files;
    if (weight.kind === 'rotary' || weight.kind === 'float32') {
      writeAt(target, values, weight.values.offset + at * 4);
      return;
    }
    const bytes = this.#scratch.bytes('blocks', values.length);
    const scales = this.#scratch.floats('scales', values.length / blockSize);
    quantizeBlocks(values, bytes, scales);
    writeAt(target, bytes, weight.values.offset + at);
    writeAt(target, scales, weight.scales.offset + (at / blockSize) * 4);
  }

  #readRows(part: WeightPart, norm: Float32Array | undefined, first: number, count: number): Float32Array {
    const { tensor, turnInput, turnOutput, order } = part;
    const { columns, rowBytes, offset, format } = tensor;
    const { source } = this.#files;
    const stored = this.#scratch.bytes('stored', count * rowBytes);
    const values = this.#scratch.floats('values', count * columns);
    readAt(source.fd, stored, offset + first * rowBytes, source.label);
    dequantize(format.name, stored, values);
    if (norm) foldNorm(values, norm);
    if (turnInput) this.#rotation(turnInput).turnRows(values);
    if (turnOutput) this.#rotation(turnOutput).turnColumns(values, columns);
    if (!order) return values;
    const ordered = this.#scratch.floats('ordered', values.length);
    for (let i = 0; i < count; i++) {
      const to = (order.to[first + i] as number) - first;
      ordered.set(values.subarray(i * columns, (i + 1) * columns), to * columns);
    }
    return ordered;
  }

  #rotation(size: number): Rotation {
    let rotation = this.#rotations.get(size);
    if (!rotation) this.#rotations.set(size, (rotation = new Rotation(size)));
    return rotation;
  }
}
