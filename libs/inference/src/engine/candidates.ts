import { findCutoff } from './cutoff.js';

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
    for (let position = 0; position < this.#count; position += 1) {
      const logit = this.#logits[this.#ids[position] as number] as number;
      this.#weights[position] = Math.exp((logit - this.#highest) / this.#temperature);
    }
  }

  /** Keeps the likeliest ones whose probabilities first add up to `share` of all. */
  keepNucleus(share: number): void {
    const weights = this.#weights;
    const total = this.#sum();
    // All that are lighter than this hold less than 1 - share together: the nucleus is reached before them.
    const least = ((1 - share) * total) / this.#count;
    let heavy = 0;
    for (let position = 0; position < this.#count; position += 1) {
      if ((weights[position] as number) < least) continue;
      scratch.order[heavy] = position;
      heavy += 1;
    }
    const cutoff = findCutoff(weights, scratch.order.subarray(0, heavy), share * total, 'weight');
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
    const target = point * this.#sum();
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

  #sum(): number {
    let total = 0;
    for (let position = 0; position < this.#count; position += 1) total += this.#weights[position] as number;
    return total;
  }

  #keep(isKept: (position: number) => boolean): void {
    let count = 0;
    for (let position = 0; position < this.#count; position += 1) {
      if (!isKept(position)) continue;
      this.#ids[count] = this.#ids[position] as number;
      this.#weights[count] = this.#weights[position] as number;
      count += 1;
    }
    this.#count = count;
  }
}
