import { findCutoff } from './cutoff.js';
import { exponential } from './exponential.js';

/** A token so many e-foldings less likely than the likeliest one is out: all of them together wouldn't be drawn once in 10^8. */
const depth = 32;
const buckets = 1024;

/** Used within one draw only; shared, so that a sequence costs no memory of the vocabulary's size. */
let scratch = allocate(0);
const histogram = new Int32Array(buckets + 1);

function allocate(size: number): { ids: Int32Array; order: Int32Array; weights: Float64Array } {
  return { ids: new Int32Array(size), order: new Int32Array(size), weights: new Float64Array(size) };
}

/**
 * The tokens that may still be drawn, in the order of their ids, so that a near-tie between two doesn't move the
 * others. Only one at a time: all share their memory.
 */
export class Candidates {
  readonly #logits: Float32Array;
  readonly #highest: number;
  readonly #temperature: number;
  readonly #ids: Int32Array;
  readonly #weights: Float64Array;
  #count = 0;
  /** Of all weights. */
  #total = 0;

  /** `highest` is the largest logit; there is one. */
  constructor(logits: Float32Array, highest: number, temperature: number) {
    if (scratch.ids.length < logits.length) scratch = allocate(logits.length);
    this.#logits = logits;
    this.#highest = highest;
    this.#temperature = temperature;
    this.#ids = scratch.ids;
    this.#weights = scratch.weights;
    this.#collect(highest - depth * temperature);
  }

  /** Keeps the `count` largest logits. To be called before `weigh`. */
  keepLikeliest(count: number): void {
    if (count >= this.#count) return;
    this.#collect(this.#findLogitBelow(count));
    const order = scratch.order.subarray(0, this.#count);
    order.set(this.#ids.subarray(0, this.#count));
    const cutoff = findCutoff(this.#logits, order, count, 'count');
    if (!cutoff) return;
    this.#keep((position) => {
      const id = this.#ids[position] as number;
      const logit = this.#logits[id] as number;
      return logit > cutoff.weight || (logit === cutoff.weight && id <= cutoff.index);
    });
  }

  /** Turns logits into probabilities up to a common factor: the likeliest token's is 1. */
  weigh(): void {
    const [logits, ids, weights] = [this.#logits, this.#ids, this.#weights];
    const [count, highest, temperature] = [this.#count, this.#highest, this.#temperature];
    let total = 0;
    for (let position = 0; position < count; position += 1) {
      const weight = exponential(((logits[ids[position] as number] as number) - highest) / temperature);
      weights[position] = weight;
      total += weight;
    }
    this.#total = total;
  }

  /** Keeps the likeliest ones whose probabilities first add up to `share` of all. */
  keepNucleus(share: number): void {
    const target = share * this.#total;
    // All that are lighter than this hold less than 1 - share together: the nucleus is reached before them.
    if (!this.#keepHeavier(((1 - share) * this.#total) / this.#count, target)) return;
    const order = scratch.order.subarray(0, this.#count);
    for (let position = 0; position < order.length; position += 1) order[position] = position;
    const weights = this.#weights;
    const cutoff = findCutoff(weights, order, target, 'weight');
    if (!cutoff) return;
    this.#keep((position) => {
      const weight = weights[position] as number;
      return weight > cutoff.weight || (weight === cutoff.weight && position <= cutoff.index);
    });
  }

  /** Keeps those at least `least` times as likely as the likeliest. */
  keepAbove(least: number): void {
    this.#keep((position) => (this.#weights[position] as number) >= least);
  }

  /** The token in whose part of the line the point lies; `point` is 0 ≤ x < 1. */
  pick(point: number): number | undefined {
    const target = point * this.#total;
    let end = 0;
    for (let position = 0; position < this.#count; position += 1) {
      end += this.#weights[position] as number;
      if (target < end) return this.#ids[position];
    }
    return this.#ids[this.#count - 1];
  }

  /** Starts over with the tokens whose logits are at least `least`; NaN is none of them. */
  #collect(least: number): void {
    const [logits, ids] = [this.#logits, this.#ids];
    let count = 0;
    for (let id = 0; id < logits.length; id += 1) {
      if (!((logits[id] as number) >= least)) continue;
      ids[count] = id;
      count += 1;
    }
    this.#count = count;
  }

  /** A logit that at least `count` candidates reach, and few more: by counting them in buckets. */
  #findLogitBelow(count: number): number {
    const width = (depth * this.#temperature) / buckets;
    histogram.fill(0);
    for (let position = 0; position < this.#count; position += 1) {
      const logit = this.#logits[this.#ids[position] as number] as number;
      const bucket = Math.min(buckets, Math.floor((this.#highest - logit) / width));
      histogram[bucket] = (histogram[bucket] as number) + 1;
    }
    let reached = 0;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      reached += histogram[bucket] as number;
      // One bucket more, for what rounding put on the wrong side.
      if (reached >= count) return this.#highest - (bucket + 2) * width;
    }
    return this.#highest - (depth + 1) * this.#temperature;
  }

  /** Drops what weighs less than `least`, unless rounding left the rest short of `target`; whether it did. */
  #keepHeavier(least: number, target: number): boolean {
    const [ids, weights, order] = [this.#ids, this.#weights, scratch.order];
    const before = this.#count;
    let count = 0;
    let total = 0;
    for (let position = 0; position < before; position += 1) {
      const weight = weights[position] as number;
      if (weight < least) continue;
      order[count] = position;
      total += weight;
      count += 1;
    }
    if (total < target) return false;
    for (let to = 0; to < count; to += 1) {
      const position = order[to] as number;
      ids[to] = ids[position] as number;
      weights[to] = weights[position] as number;
    }
    this.#count = count;
    this.#total = total;
    return true;
  }

  #keep(isKept: (position: number) => boolean): void {
    const [ids, weights] = [this.#ids, this.#weights];
    const before = this.#count;
    let count = 0;
    let total = 0;
    for (let position = 0; position < before; position += 1) {
      if (!isKept(position)) continue;
      const weight = weights[position] as number;
      ids[count] = ids[position] as number;
      weights[count] = weight;
      total += weight;
      count += 1;
    }
    this.#count = count;
    this.#total = total;
  }
}
