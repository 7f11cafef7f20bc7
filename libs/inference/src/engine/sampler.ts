import type { SamplingOptions } from '../contract.js';
import { InferenceError } from '../errors.js';
import { type Cutoff, findCutoff, isKept } from './cutoff.js';
import { createFrequencyPresencePenalty } from './processors/frequency-presence-penalty.js';
import { createLogitBias } from './processors/logit-bias.js';
import { createRepetitionPenalty } from './processors/repetition-penalty.js';
import { createRandom } from './random.js';
import type { LogitsProcessor, TokenHistory } from './token-history.js';

/** Chooses the next token of one sequence. */
export interface Sampler {
  /**
   * May overwrite `logits`. Logits that are NaN are never chosen.
   * @throws InferenceError `engine_failed` when there is nothing to choose: all are NaN or -Infinity
   */
  next(logits: Float32Array, history: TokenHistory): number;
}

/**
 * A sampler for one sequence. In this order: logit bias, repetition penalty, frequency and presence penalty, then
 * `processors`; temperature; the k likeliest; the nucleus (top p) of those; of these the ones likely enough (min
 * p); one draw among the rest, from a generator seeded with `options.seed` (see `createRandom`).
 *
 * @throws InferenceError `unsupported` when an option is no usable number
 */
export function createSampler(options: SamplingOptions, processors: readonly LogitsProcessor[] = []): Sampler {
  checkOptions(options);
  const { temperature = 1 } = options;
  const chain = [...createProcessors(options), ...processors];
  const choose = temperature === 0 ? chooseLikeliest : createDraw(temperature, options);
  return {
    next(logits, history) {
      for (const process of chain) process(logits, history);
      return choose(logits);
    },
  };
}

function createProcessors(options: SamplingOptions): LogitsProcessor[] {
  const { logitBias = {}, repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = options;
  const chain: LogitsProcessor[] = [];
  if (Object.keys(logitBias).length > 0) chain.push(createLogitBias(logitBias));
  if (repetitionPenalty !== 1) chain.push(createRepetitionPenalty(repetitionPenalty));
  if (frequencyPenalty !== 0 || presencePenalty !== 0)
    chain.push(createFrequencyPresencePenalty(frequencyPenalty, presencePenalty));
  return chain;
}

function chooseLikeliest(logits: Float32Array): number {
  let best = -1;
  let highest = -Infinity;
  for (let index = 0; index < logits.length; index += 1) {
    const logit = logits[index] as number;
    if (logit > highest) {
      highest = logit;
      best = index;
    }
  }
  if (best === -1)
    throw new InferenceError('engine_failed', 'The model gave no usable logits: all are NaN or -Infinity.');
  return best;
}

function createDraw(temperature: number, options: SamplingOptions): (logits: Float32Array) => number {
  const { topK = 0, topP = 1, minP = 0, seed } = options;
  const random = createRandom(seed);
  return (logits) => {
    const likeliest = chooseLikeliest(logits);
    if (topK === 1 || topP === 0 || logits[likeliest] === Infinity) return likeliest;
    const weights = toWeights(logits, logits[likeliest] as number, temperature);
    if (topK > 0 && topK < weights.length) {
      const candidates = selectAbove(weights, 0);
      drop(weights, findCutoff(weights, candidates, topK, 'count'));
    }
    if (topP < 1) {
      // All tokens below this weight together hold less than 1 - p: the nucleus is reached before them.
      const total = sum(weights);
      const candidates = selectAbove(weights, ((1 - topP) * total) / weights.length);
      drop(weights, findCutoff(weights, candidates, topP * total, 'weight'));
    }
    if (minP > 0) drop(weights, { weight: minP, index: weights.length });
    return pick(weights, random() * sum(weights)) ?? likeliest;
  };
}

/** Used within one call of `next` only; shared, so that a sequence costs no memory of the vocabulary's size. */
let scratch = { weights: new Float64Array(0), candidates: new Int32Array(0) };

/** Probabilities up to a common factor; the likeliest token's is 1. */
function toWeights(logits: Float32Array, highest: number, temperature: number): Float64Array {
  if (scratch.weights.length !== logits.length)
    scratch = { weights: new Float64Array(logits.length), candidates: new Int32Array(logits.length) };
  const { weights } = scratch;
  for (let index = 0; index < logits.length; index += 1) {
    const exponent = ((logits[index] as number) - highest) / temperature;
    // Below -40 a weight is lost in the sum's last bit; NaN fails the comparison too.
    weights[index] = exponent > -40 ? Math.exp(exponent) : 0;
  }
  return weights;
}

/** Indexes of the weights that are above 0 and at least `least`. */
function selectAbove(weights: Float64Array, least: number): Int32Array {
  const { candidates } = scratch;
  let count = 0;
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index] as number;
    if (weight > 0 && weight >= least) {
      candidates[count] = index;
      count += 1;
    }
  }
  return candidates.subarray(0, count);
}

function drop(weights: Float64Array, cutoff: Cutoff | undefined): void {
  if (cutoff === undefined) return;
  for (let index = 0; index < weights.length; index += 1)
    if (!isKept(weights[index] as number, index, cutoff)) weights[index] = 0;
}

function sum(weights: Float64Array): number {
  let total = 0;
  for (let index = 0; index < weights.length; index += 1) total += weights[index] as number;
  return total;
}

/** The token in whose share of the line `point` lies; in the order of ids, so that near-ties don't move others. */
function pick(weights: Float64Array, point: number): number | undefined {
  let end = 0;
  let last: number | undefined;
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index] as number;
    if (weight === 0) continue;
    end += weight;
    last = index;
    if (point < end) return index;
  }
  return last;
}

function checkOptions(options: SamplingOptions): void {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, seed = 0 } = options;
  const { frequencyPenalty = 0, presencePenalty = 0, logitBias = {} } = options;
  const problem =
    (!(temperature >= 0 && temperature < Infinity) && `temperature ${temperature}: it must be 0 or more`) ||
    (!(Number.isInteger(topK) && topK >= 0) && `topK ${topK}: it must be a whole number, 0 or more`) ||
    (!(topP >= 0 && topP <= 1) && `topP ${topP}: it must be between 0 and 1`) ||
    (!(minP >= 0 && minP <= 1) && `minP ${minP}: it must be between 0 and 1`) ||
    (!(repetitionPenalty > 0 && repetitionPenalty < Infinity) &&
      `repetitionPenalty ${repetitionPenalty}: it must be above 0`) ||
    (!Number.isFinite(frequencyPenalty) && `frequencyPenalty ${frequencyPenalty}: it must be a number`) ||
    (!Number.isFinite(presencePenalty) && `presencePenalty ${presencePenalty}: it must be a number`) ||
    (!Number.isInteger(seed) && `seed ${seed}: it must be a whole number`) ||
    (Object.values(logitBias).some((amount) => !Number.isFinite(amount)) && 'logitBias: each must be a number');
  if (problem) throw new InferenceError('unsupported', `Sampling can't work with ${problem}.`);
}
