import { findCutoff } from './cutoff.js';
import { exponential } from './exponential.js';
import type { Peaks } from './peaks.js';

/** Weights of so many tokens are added up before they are added to those before them. */
const span = 256;
/** What rounding may shift between a weight and the logarithm it comes from. */
const tolerance = 1e-6;

/** Used within one draw only; shared, so that a sequence costs no memory of the vocabulary's size. */
let scratch = allocate(0);

interface Scratch {
  readonly ids: Int32Array;
  readonly order: Int32Array;
  readonly weights: Float64Array;
  /** Of each span. */
  readonly totals: Float64Array;
}

function allocate(size: number): Scratch {
  return {
    ids: new Int32Array(size),
    order: new Int32Array(size),
    weights: new Float64Array(size),
    totals: new Float64Array(Math.ceil(size / span)),
  };
}

/**
 * The tokens that may still be drawn, in the order of their ids, so that a near-tie between two doesn't move the
 * others. Weights are probabilities up to a common factor: the likeliest token's is 1. As long as these are all tokens,
 * only the totals of their weights are kept. Only one at a time: all share their memory.
 */
export class Candidates {
  readonly #logits: Float32Array;
  readonly #peaks: Peaks;
  readonly #highest: number;
  readonly #temperature: number;
  /** 1 / temperature; finite, so that the likeliest token's 0 stays 0. */
  readonly #sharpness: number;
  /** How many were chosen out of all, if so. */
  #chosen: number | undefined;
  /** Of all weights. */
  #total = 0;

  /** `highest` is the largest logit. `topK`: only so many of the likeliest; 0: all. */
  constructor(logits: Float32Array, peaks: Peaks, highest: number, temperature: number, topK: number) {
    if (scratch.ids.length < logits.length) scratch = allocate(logits.length);
    this.#logits = logits;
    this.#peaks = peaks;
    this.#highest = highest;
    this.#temperature = temperature;
    this.#sharpness = Math.min(1 / temperature, Number.MAX_VALUE);
    if (topK > 0 && topK < logits.length) this.#chooseLikeliest(topK);
    else this.#weighAll();
  }

  /** Keeps the likeliest ones whose probabilities first add up to `share` of all. */
  keepNucleus(share: number): void {
    const target = share * this.#total;
    if (this.#chosen === undefined) {
      // All that are lighter than this hold less than 1 - share together: the nucleus is reached before them.
      this.#chooseHeavier(((1 - share) * this.#total) / this.#logits.length);
      if (this.#total < target) this.#chooseHeavier(0);
    }
    const { weights } = scratch;
    const order = scratch.order.subarray(0, this.#chosen);
    for (let position = 0; position < order.length; position += 1) order[position] = position;
    const cutoff = findCutoff(weights, order, target, 'weight');
    if (!cutoff) return;
    this.#keep((position) => {
      const weight = weights[position] as number;
      return weight > cutoff.weight || (weight === cutoff.weight && position <= cutoff.index);
    });
  }

  /** Keeps those at least `least` times as likely as the likeliest. */
  keepAbove(least: number): void {
    if (this.#chosen === undefined) this.#chooseHeavier(least);
    this.#keep((position) => (scratch.weights[position] as number) >= least);
  }

  /** The token in whose part of the line the point lies; `point` is 0 ≤ x < 1. None where rounding left a gap at the end. */
  pick(point: number): number | undefined {
    const target = point * this.#total;
    if (this.#chosen === undefined) return this.#pickFromAll(target);
    let end = 0;
    for (let position = 0; position < this.#chosen; position += 1) {
      end += scratch.weights[position] as number;
      if (target < end) return scratch.ids[position];
    }
    return undefined;
  }

  #pickFromAll(target: number): number | undefined {
    let start = 0;
    for (let from = 0; from < this.#logits.length; from += span) {
      const next = start + (scratch.totals[from / span] as number);
      if (target < next) {
        let end = start;
        for (let id = from; id < from + span; id += 1) {
          end += this.#weigh(id);
          if (target < end) return id;
        }
      }
      start = next;
    }
    return undefined;
  }

  /** 0 for NaN and for what lies too far below the likeliest. */
  #weigh(id: number): number {
    return exponential(((this.#logits[id] as number) - this.#highest) * this.#sharpness);
  }

  #weighAll(): void {
    const [logits, highest, sharpness] = [this.#logits, this.#highest, this.#sharpness];
    const { totals } = scratch;
    let all = 0;
    for (let from = 0; from < logits.length; from += span) {
      const to = Math.min(from + span, logits.length);
      let total = 0;
      for (let id = from; id < to; id += 1) total += exponential(((logits[id] as number) - highest) * sharpness);
      totals[from / span] = total;
      all += total;
    }
    this.#total = all;
  }

  #chooseLikeliest(count: number): void {
    const [logits, { ids }] = [this.#logits, scratch];
    const found = this.#peaks.collect(this.#peaks.findReachedBy(count), ids);
    const order = scratch.order.subarray(0, found);
    order.set(ids.subarray(0, found));
    const cutoff = findCutoff(logits, order, count, 'count');
    this.#choose(found, (id) => {
      const logit = logits[id] as number;
      return !cutoff || logit > cutoff.weight || (logit === cutoff.weight && id <= cutoff.index);
    });
  }

  /** Those that weigh at least `least`, and perhaps some that weigh a little less. */
  #chooseHeavier(least: number): void {
    const depth = Math.log(least) - tolerance;
    this.#choose(this.#peaks.collect(this.#highest + depth * this.#temperature, scratch.ids), () => true);
  }

  /** Chooses among the first `found` of `scratch.ids`. */
  #choose(found: number, isChosen: (id: number) => boolean): void {
    const { ids, weights } = scratch;
    let count = 0;
    let total = 0;
    for (let position = 0; position < found; position += 1) {
      const id = ids[position] as number;
      if (!isChosen(id)) continue;
      const weight = this.#weigh(id);
      ids[count] = id;
      weights[count] = weight;
      total += weight;
      count += 1;
    }
    this.#chosen = count;
    this.#total = total;
  }

  #keep(isKept: (position: number) => boolean): void {
    const { ids, weights } = scratch;
    let count = 0;
    let total = 0;
    for (let position = 0; position < (this.#chosen ?? 0); position += 1) {
      if (!isKept(position)) continue;
      const weight = weights[position] as number;
      ids[count] = ids[position] as number;
      weights[count] = weight;
      total += weight;
      count += 1;
    }
    this.#chosen = count;
    this.#total = total;
  }
}
