import { createNormal } from './normal.js';

/**
 * An orthogonal matrix Q of any size, as random as it needs to be to spread outliers over all channels, and cheap to
 * multiply by: size = 2^k · m with m odd; random signs, then a Hadamard transform over the 2^k, then an m × m
 * orthogonal matrix over the rest. Source: QuaRot (arXiv 2404.00456), section 3.
 */
export class Rotation {
  readonly size: number;
  readonly #signs: Float32Array;
  readonly #power: number;
  readonly #rest: number;
  /** `[rest, rest]`, orthonormal rows. */
  readonly #mix: Float32Array;
  readonly #turned: Float32Array;

  /** The same size and seed give the same matrix. */
  constructor(size: number, seed = 1) {
    const normal = createNormal(seed);
    this.size = size;
    this.#signs = Float32Array.from({ length: size }, () => (normal() < 0 ? -1 : 1));
    this.#power = size & -size;
    this.#rest = size / this.#power;
    this.#mix = orthogonal(this.#rest, normal, 1 / Math.sqrt(this.#power));
    this.#turned = new Float32Array(this.#rest);
  }

  /** `x := x · Q` for the `size` numbers from `start` on. */
  turn(x: Float32Array, start = 0): void {
    const { size } = this;
    const [signs, power, rest] = [this.#signs, this.#power, this.#rest];
    for (let i = 0; i < size; i++) x[start + i] = (x[start + i] as number) * (signs[i] as number);
    for (let half = rest; half < power * rest; half *= 2) {
      for (let block = start; block < start + size; block += 2 * half) {
        for (let i = block; i < block + half; i++) {
          const a = x[i] as number;
          const b = x[i + half] as number;
          x[i] = a + b;
          x[i + half] = a - b;
        }
      }
    }
    for (let group = start; group < start + size; group += rest) this.#mixGroup(x, group);
  }

  #mixGroup(x: Float32Array, start: number): void {
    const [rest, mix, turned] = [this.#rest, this.#mix, this.#turned];
    for (let to = 0; to < rest; to++) {
      let sum = 0;
      for (let from = 0; from < rest; from++) sum += (x[start + from] as number) * (mix[to * rest + from] as number);
      turned[to] = sum;
    }
    x.set(turned, start);
  }

  /** Turns every row of a matrix whose rows are one or more vectors of this size: `W := W · Q`. */
  turnRows(matrix: Float32Array): void {
    for (let start = 0; start < matrix.length; start += this.size) this.turn(matrix, start);
  }

  /** Turns every column of a matrix with `columns` columns, each one or more vectors of this size: `W := Qᵀ · W`. */
  turnColumns(matrix: Float32Array, columns: number): void {
    const column = new Float32Array(this.size);
    for (let block = 0; block < matrix.length; block += this.size * columns) {
      for (let at = block; at < block + columns; at++) {
        for (let row = 0; row < this.size; row++) column[row] = matrix[at + row * columns] as number;
        this.turn(column);
        for (let row = 0; row < this.size; row++) matrix[at + row * columns] = column[row] as number;
      }
    }
  }
}

/** Gram–Schmidt over random rows, twice, each row of length `length`. */
function orthogonal(size: number, normal: () => number, length: number): Float32Array {
  const rows = Array.from({ length: size }, () => Float64Array.from({ length: size }, normal));
  for (const [index, row] of rows.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (const before of rows.slice(0, index)) {
        const overlap = row.reduce((sum, value, i) => sum + value * (before[i] as number), 0);
        row.forEach((value, i) => (row[i] = value - overlap * (before[i] as number)));
      }
    }
    const norm = Math.hypot(...row);
    row.forEach((value, i) => (row[i] = value / norm));
  }
  return Float32Array.from(
    rows.flatMap((row) => [...row]),
    (value) => value * length,
  );
}
