import { createNormal } from './normal.js';

// Looked up once: a global is found slowly where code runs in a context of its own.
const { fround } = Math;

/**
 * An orthogonal matrix Q of any size, as random as it needs to be to spread outliers over all channels, and cheap to
 * multiply by: size = 2^k · m with m odd; random signs, then a Hadamard transform over the 2^k, then an m × m
 * orthogonal matrix over the rest. Source: QuaRot (arXiv 2404.00456), section 3.
 */
export class Rotation {
  readonly size: number;
  readonly #signs: Float32Array;
  readonly #rest: number;
  /** `[rest, rest]`, orthonormal rows. */
  readonly #mix: Float64Array;
  /** What is being mixed, `[rest]`. */
  readonly #group: Float64Array;

  /** The same size and seed give the same matrix. */
  constructor(size: number, seed = 1) {
    const normal = createNormal(seed);
    this.size = size;
    this.#signs = Float32Array.from({ length: size }, () => (normal() < 0 ? -1 : 1));
    const power = size & -size;
    this.#rest = size / power;
    this.#mix = Float64Array.from(orthogonal(this.#rest, normal, 1 / Math.sqrt(power)));
    this.#group = new Float64Array(this.#rest);
  }

  /** `x := x · Q` for the `size` numbers from `start` on. */
  turn(x: Float32Array, start = 0): void {
    const { size } = this;
    const [signs, rest] = [this.#signs, this.#rest];
    for (let i = 0; i < size; i++) x[start + i] = (x[start + i] as number) * (signs[i] as number);
    let half = rest;
    for (; 4 * half <= size; half *= 4) turnFours(x, start, size, half);
    if (half < size) turnPairs(x, start, size, half);
    for (let group = start; group < start + size; group += rest) this.#mixGroup(x, group);
  }

  #mixGroup(x: Float32Array, start: number): void {
    const [rest, mix, group] = [this.#rest, this.#mix, this.#group];
    for (let from = 0; from < rest; from++) group[from] = x[start + from] as number;
    let to = 0;
    for (; to + 3 <= rest; to += 3) {
      const [first, second, third] = [to * rest, (to + 1) * rest, (to + 2) * rest];
      let a = 0;
      let b = 0;
      let c = 0;
      for (let from = 0; from < rest; from++) {
        const value = group[from] as number;
        a += value * (mix[first + from] as number);
        b += value * (mix[second + from] as number);
        c += value * (mix[third + from] as number);
      }
      x[start + to] = a;
      x[start + to + 1] = b;
      x[start + to + 2] = c;
    }
    for (; to < rest; to++) {
      let sum = 0;
      for (let from = 0; from < rest; from++) sum += (group[from] as number) * (mix[to * rest + from] as number);
      x[start + to] = sum;
    }
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

/** One step of the Hadamard transform: sums and differences of numbers that are `half` apart. */
function turnPairs(x: Float32Array, start: number, size: number, half: number): void {
  for (let block = start; block < start + size; block += 2 * half) {
    for (let i = block; i < block + half; i++) {
      const a = x[i] as number;
      const b = x[i + half] as number;
      x[i] = a + b;
      x[i + half] = a - b;
    }
  }
}

/** Two steps at once, which takes half as long: pairs `half` apart, then pairs `2 · half` apart, rounded as if one by one. */
function turnFours(x: Float32Array, start: number, size: number, half: number): void {
  const [second, third] = [2 * half, 3 * half];
  for (let block = start; block < start + size; block += 4 * half) {
    for (let i = block; i < block + half; i++) {
      const a = x[i] as number;
      const b = x[i + half] as number;
      const c = x[i + second] as number;
      const d = x[i + third] as number;
      const ab = fround(a + b);
      const cd = fround(c + d);
      const aLessB = fround(a - b);
      const cLessD = fround(c - d);
      x[i] = ab + cd;
      x[i + half] = aLessB + cLessD;
      x[i + second] = ab - cd;
      x[i + third] = aLessB - cLessD;
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
