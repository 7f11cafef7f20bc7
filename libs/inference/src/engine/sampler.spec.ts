import fc from 'fast-check';
import type { SamplingOptions } from '../contract.js';
import { createRandom } from './random.js';
import { createSampler } from './sampler.js';

const nothing = { tokens: [], promptLength: 0 };

describe('createSampler', () => {
  it('is greedy at temperature 0, the lowest id first among equals', () => {
    const sampler = createSampler({ temperature: 0 });
    expect(sampler.next(Float32Array.of(1, 3, 2, 3), nothing)).toBe(1);
    expect(sampler.next(Float32Array.of(-5, -Infinity, -4), nothing)).toBe(2);
    expect(sampler.next(Float32Array.of(NaN, -2, NaN), nothing)).toBe(1);
  });

  it.each([0, 0.7, 1])('fails at temperature %d when there is nothing to choose', (temperature) => {
    for (const logit of [NaN, -Infinity]) {
      const sampler = createSampler({ temperature, topK: 3, topP: 0.9 });
      expect(() => sampler.next(new Float32Array(8).fill(logit), nothing)).toThrow(
        expect.objectContaining({ code: 'engine_failed' }),
      );
    }
  });

  it('never chooses NaN, and always +Infinity', () => {
    const sampler = createSampler({ seed: 1 });
    for (let round = 0; round < 50; round += 1) {
      expect(sampler.next(Float32Array.of(NaN, 1, NaN, 1), nothing) % 2).toBe(1);
      expect(sampler.next(Float32Array.of(9, 1, Infinity, 1), nothing)).toBe(2);
    }
  });

  it.each<SamplingOptions>([
    { temperature: -1 },
    { temperature: NaN },
    { temperature: Infinity },
    { topK: 1.5 },
    { topK: -1 },
    { topP: 1.1 },
    { minP: -0.1 },
    { repetitionPenalty: 0 },
    { frequencyPenalty: NaN },
    { presencePenalty: Infinity },
    { seed: 0.5 },
    { logitBias: { 3: NaN } },
  ])('refuses %j', (options) => {
    expect(() => createSampler(options)).toThrow(
      expect.objectContaining({ code: 'invalid_request', details: { field: Object.keys(options)[0] } }),
    );
  });

  it('gives the same tokens for the same seed', () => {
    const logits = Float32Array.from({ length: 100 }, (_, index) => Math.sin(index));
    const draw = (seed: number): number[] => {
      const sampler = createSampler({ seed });
      return Array.from({ length: 20 }, () => sampler.next(logits.slice(), nothing));
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it('keeps exactly the tokens that a plain implementation keeps', () => {
    fc.assert(
      fc.property(anyLogits, anySampling, (values, options) => {
        const kept = keepNaively(values, options);
        const sampler = createSampler({ ...options, seed: 3 });
        for (let round = 0; round < 20; round += 1)
          expect(kept.has(sampler.next(Float32Array.from(values), nothing))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('does so with thousands of logits: peaked, flat, with ties and with impossible ones', () => {
    const spread = fc.constantFrom(0.01, 1, 4, 20);
    const grain = fc.constantFrom(0, 0.5);
    fc.assert(
      fc.property(fc.integer(), spread, grain, anySampling, (seed, width, tie, options) => {
        const random = createRandom(seed);
        const values = Array.from({ length: 3000 }, () => {
          const value = width * Math.log(1 / (1e-9 + random()) - 1);
          return random() < 0.01 ? -Infinity : Math.fround(tie ? Math.round(value / tie) * tie : value);
        });
        const kept = keepNaively(values, options);
        const sampler = createSampler({ ...options, seed: 3 });
        for (let round = 0; round < 5; round += 1)
          expect(kept.has(sampler.next(Float32Array.from(values), nothing))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each<SamplingOptions>([
    {},
    { temperature: 0.5 },
    { topK: 3 },
    { topP: 0.8 },
    { minP: 0.2 },
    { temperature: 1.5, topK: 6, topP: 0.9, minP: 0.05 },
  ])('draws as often as a plain implementation says: %j', (options) => {
    const values = [1, 2.5, -1, 0.5, 2, 3, -4, 2.4, 1, 0];
    const probabilities = keepNaively(values, options);
    const sampler = createSampler({ ...options, seed: 11 });
    const rounds = 20_000;
    const counts = new Map<number, number>();
    for (let round = 0; round < rounds; round += 1) {
      const token = sampler.next(Float32Array.from(values), nothing);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    for (const token of counts.keys()) expect(probabilities.has(token)).toBe(true);
    for (const [token, probability] of probabilities)
      expect(Math.abs((counts.get(token) ?? 0) / rounds - probability)).toBeLessThan(0.02);
  });

  it('applies bias, repetition, frequency and presence penalty in this order', () => {
    const seen: number[][] = [];
    const sampler = createSampler(
      {
        temperature: 0,
        logitBias: { 0: 1, 5: -100, 99: 3 },
        repetitionPenalty: 2,
        frequencyPenalty: 0.5,
        presencePenalty: 0.25,
      },
      [(logits) => seen.push([...logits])],
    );
    const tokens = [0, 1];
    const next = (): number => sampler.next(Float32Array.of(1, -1, 2, 3, 4, 9), { tokens, promptLength: 2 });
    expect(next()).toBe(4);
    tokens.push(4, 4, 2);
    expect(next()).toBe(3);

    expect(seen).toEqual([
      [1, -2, 2, 3, 4, -Infinity],
      [1, -2, 2 / 2 - 0.75, 3, 4 / 2 - 1.25, -Infinity],
    ]);
  });

  it('counts a long history once, not again for every token', () => {
    let reads = 0;
    const tokens = new Proxy(
      Array.from({ length: 1000 }, (_, index) => index % 8),
      {
        get(target, name, receiver) {
          if (typeof name === 'string' && /^\d+$/.test(name)) reads += 1;
          return Reflect.get(target, name, receiver);
        },
      },
    );
    const sampler = createSampler({ temperature: 0, repetitionPenalty: 1.1, frequencyPenalty: 0.1 });
    for (let round = 0; round < 50; round += 1) {
      tokens.push(sampler.next(new Float32Array(8).fill(1), { tokens, promptLength: 500 }));
    }
    expect(reads).toBeLessThan(1000 + 500 + 2 * 50 + 1);
  });
});

const anyLogits = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((value) => value / 64) },
      { weight: 2, arbitrary: fc.constantFrom(-2, 0, 1, 1.5) },
      { weight: 1, arbitrary: fc.constantFrom(-Infinity, NaN) },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .filter((values) => values.some((value) => value > -Infinity));

const anySampling: fc.Arbitrary<SamplingOptions> = fc.record(
  {
    temperature: fc.double({ min: 0.05, max: 3, noNaN: true }),
    topK: fc.integer({ min: 0, max: 70 }),
    topP: fc.double({ min: 0, max: 1, noNaN: true }),
    minP: fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
);

/** By sorting everything: the tokens that may be drawn, with their probabilities. */
function keepNaively(values: readonly number[], options: SamplingOptions): Map<number, number> {
  const { temperature = 1, topK = 0, topP = 1, minP = 0 } = options;
  const highest = Math.max(...values.filter((value) => !Number.isNaN(value)));
  let kept = values
    .map((value, token) => ({ token, weight: Number.isNaN(value) ? 0 : Math.exp((value - highest) / temperature) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.token - b.token);
  if (topK > 0) kept = kept.slice(0, topK);
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  let reached = 0;
  // A hair more than p: where sums differ in the last bit, one more token is right too.
  kept = kept.filter(({ weight }, rank) => {
    const isNeeded = rank === 0 || topP === 1 || reached < topP * total * (1 + 1e-12);
    reached += weight;
    return isNeeded;
  });
  kept = kept.filter(({ weight }, rank) => rank === 0 || weight >= minP);
  const mass = kept.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(kept.map(({ token, weight }) => [token, weight / mass]));
}
