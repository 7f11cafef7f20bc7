import type { Butterflies } from './butterflies.js';
import { createButterflies } from './butterflies.js';
import { createNormal } from './normal.js';

/** Vectors that are turned side by side. */
const lanes = 32;
/** Numbers of each that are copied at once: a cache line. */
const tileSize = 16;

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
  /** `[size, lanes]` */
  readonly #butterflies: Butterflies;

  /** The same size and seed give the same matrix. */
  constructor(size: number, seed = 1) {
    const normal = createNormal(seed);
    this.size = size;
    this.#signs = Float32Array.from({ length: size }, () => (normal() < 0 ? -1 : 1));
    const power = size & -size;
    this.#rest = size / power;
    this.#mix = Float64Array.from(orthogonal(this.#rest, normal, 1 / Math.sqrt(power)));
    this.#group = new Float64Array(this.#rest);
    this.#butterflies = createButterflies(size * lanes);
  }

  /** `x := x · Q` for one vector of this size. */
  turn(x: Float32Array): void {
    this.turnRows(x);
  }

  /** Turns every row of a matrix whose rows are one or more vectors of this size: `W := W · Q`. */
  turnRows(matrix: Float32Array): void {
    const { size } = this;
    for (let start = 0; start < matrix.length; start += size * lanes) {
      this.#turnLanes(matrix, start, Math.min(lanes, (matrix.length - start) / size), size, 1);
    }
  }

  /** Turns every column of a matrix with `columns` columns, each one or more vectors of this size: `W := Qᵀ · W`. */
  turnColumns(matrix: Float32Array, columns: number): void {
    for (let block = 0; block < matrix.length; block += this.size * columns) {
      for (let column = 0; column < columns; column += lanes) {
        this.#turnLanes(matrix, block + column, Math.min(lanes, columns - column), 1, columns);
      }
    }
  }

  /** Turns `count` vectors side by side: vector `v` has its numbers at `start + v · apart + i · step`. */
  #turnLanes(matrix: Float32Array, start: number, count: number, apart: number, step: number): void {
    const { size } = this;
    const [signs, rest, butterflies] = [this.#signs, this.#rest, this.#butterflies];
    const x = butterflies.numbers;
    for (let tile = 0; tile < size; tile += tileSize) {
      const end = Math.min(size, tile + tileSize);
      if (step === 1) {
        for (let lane = 0; lane < count; lane++) {
          const from = start + lane * apart;
          for (let i = tile; i < end; i++) x[i * lanes + lane] = (matrix[from + i] as number) * (signs[i] as number);
        }
      } else {
        for (let i = tile; i < end; i++) {
          const [from, at, sign] = [start + i * step, i * lanes, signs[i] as number];
          for (let lane = 0; lane < count; lane++) x[at + lane] = (matrix[from + lane] as number) * sign;
        }
      }
    }
    let half = rest;
    for (; 4 * half <= size; half *= 4) {
      for (let block = 0; block < size; block += 4 * half) butterflies.fours(block * lanes, half * lanes);
    }
    if (half < size) butterflies.pairs(0, half * lanes);
    if (rest === 1) {
      const factor = this.#mix[0] as number;
      for (let tile = 0; tile < size; tile += tileSize) {
        const end = Math.min(size, tile + tileSize);
        if (step === 1) {
          for (let lane = 0; lane < count; lane++) {
            const to = start + lane * apart;
            for (let i = tile; i < end; i++) matrix[to + i] = (x[i * lanes + lane] as number) * factor;
          }
        } else {
          for (let i = tile; i < end; i++) {
            const [to, at] = [start + i * step, i * lanes];
            for (let lane = 0; lane < count; lane++) matrix[to + lane] = (x[at + lane] as number) * factor;
          }
        }
      }
      return;
    }
    for (let group = 0, to = start; group < size; group += rest, to += rest * step) {
      for (let lane = 0; lane < count; lane++) this.#mixGroup(group * lanes + lane, matrix, to + lane * apart, step);
    }
  }

  #mixGroup(start: number, matrix: Float32Array, target: number, step: number): void {
    const [rest, mix, group, x] = [this.#rest, this.#mix, this.#group, this.#butterflies.numbers];
    for (let from = 0; from < rest; from++) group[from] = x[start + from * lanes] as number;
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
      matrix[target + to * step] = a;
      matrix[target + (to + 1) * step] = b;
      matrix[target + (to + 2) * step] = c;
    }
    for (; to < rest; to++) {
      let sum = 0;
      for (let from = 0; from < rest; from++) sum += (group[from] as number) * (mix[to * rest + from] as number);
      matrix[target + to * step] = sum;
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
