import type { SamplingOptions } from '../contract.js';
import { InferenceError } from '../errors.js';
import { Candidates } from './candidates.js';
import { Peaks } from './peaks.js';
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

function chooseLikeliest(logits: Float32Array, peaks = new Peaks(logits)): number {
  const best = peaks.findLikeliest();
  if (best === -1)
    throw new InferenceError('engine_failed', 'The model gave no usable logits: all are NaN or -Infinity.');
  return best;
}

function createDraw(temperature: number, options: SamplingOptions): (logits: Float32Array) => number {
  const { topK = 0, topP = 1, minP = 0, seed } = options;
  const random = createRandom(seed);
  return (logits) => {
    const peaks = new Peaks(logits);
    const likeliest = chooseLikeliest(logits, peaks);
    const highest = logits[likeliest] as number;
    if (topK === 1 || topP === 0 || highest === Infinity) return likeliest;
    const candidates = new Candidates(logits, peaks, highest, temperature, topK);
    if (topP < 1) candidates.keepNucleus(topP);
    if (minP > 0) candidates.keepAbove(minP);
    return candidates.pick(random()) ?? likeliest;
  };
}

function checkOptions(options: SamplingOptions): void {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, seed = 0 } = options;
  const { frequencyPenalty = 0, presencePenalty = 0, logitBias = {} } = options;
  const check = (field: keyof SamplingOptions, isRight: boolean, rule: string): void => {
    if (isRight) return;
    const message = `Sampling can't work with this ${field}: it must be ${rule}.`;
    throw new InferenceError('invalid_request', message, { details: { field } });
  };
  check('temperature', temperature >= 0 && temperature < Infinity, '0 or more');
  check('topK', Number.isInteger(topK) && topK >= 0, 'a whole number, 0 or more');
  check('topP', topP >= 0 && topP <= 1, 'between 0 and 1');
  check('minP', minP >= 0 && minP <= 1, 'between 0 and 1');
  check('repetitionPenalty', repetitionPenalty > 0 && repetitionPenalty < Infinity, 'above 0');
  check('frequencyPenalty', Number.isFinite(frequencyPenalty), 'a number');
  check('presencePenalty', Number.isFinite(presencePenalty), 'a number');
  check('seed', Number.isInteger(seed), 'a whole number');
  check('logitBias', Object.values(logitBias).every(Number.isFinite), 'a number for each token');
}
