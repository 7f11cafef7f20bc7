import type { RowsTarget } from '../passes/quantize-rows.js';
import type { Weight } from '../passes/weight.js';
import { writeAt } from './write-at.js';

type RowsWeight = Extract<Weight, { readonly scales: unknown }>;

/** Whether a weight is collected in a `RowsOutput`. */
export function isRowsWeight(weight: Weight): weight is RowsWeight {
  return weight.kind === 'int8-rows' || weight.kind === 'uint8-rows';
}

/** What a `RowsOutput` takes. */
export function rowsOutputBytes({ values, scales }: RowsWeight): number {
  return 4 + scales.byteLength + values.byteLength;
}

/**
 * A matrix whose rows become columns, so that all of them are needed before the first byte can be written: shared by the
 * threads that convert it.
 */
export class RowsOutput {
  /** Travels between threads. */
  readonly memory: SharedArrayBuffer;
  readonly target: RowsTarget;
  readonly #weight: RowsWeight;
  /** Jobs that are not done. */
  readonly #left: Int32Array;

  /**
   * @param memory of `rowsOutputBytes` or more
   * @param jobs how many will fill it, where it isn't in use yet
   */
  constructor(weight: RowsWeight, memory: SharedArrayBuffer, jobs?: number) {
    const { values, scales } = weight;
    this.#weight = weight;
    this.memory = memory;
    this.#left = new Int32Array(memory, 0, 1);
    if (jobs !== undefined) this.#left[0] = jobs;
    const width = scales.byteLength / 4;
    const place = [this.memory, 4 + scales.byteLength, values.byteLength] as const;
    this.target = {
      transposed: weight.kind === 'uint8-rows' ? new Uint8Array(...place) : new Int8Array(...place),
      width,
      scales: new Float32Array(this.memory, 4, width),
    };
  }

  /** Says that a job is done. The last one writes. */
  finishJob(file: number): void {
    if (Atomics.sub(this.#left, 0, 1) !== 1) return;
    writeAt(file, this.target.transposed, this.#weight.values.offset);
    writeAt(file, this.target.scales, this.#weight.scales.offset);
  }
}
