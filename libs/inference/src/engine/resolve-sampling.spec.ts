import { resolveSampling } from './resolve-sampling.js';

describe('resolveSampling', () => {
  const recommended = { temperature: 0.2, topP: 0.9, repetitionPenalty: 1.1 };

  it('takes the recommendation when a request does not say how to choose', () => {
    expect(resolveSampling(undefined, recommended)).toEqual(recommended);
    expect(resolveSampling({ temperature: undefined, seed: 3 }, recommended)).toEqual({ ...recommended, seed: 3 });
    expect(resolveSampling({ repetitionPenalty: 1 }, recommended)).toEqual({ ...recommended, repetitionPenalty: 1 });
  });

  it('forgets the recommendation when it does', () => {
    expect(resolveSampling({ temperature: 1 }, recommended)).toEqual({ temperature: 1 });
    expect(resolveSampling({ topK: 5, seed: 1 }, recommended)).toEqual({ topK: 5, seed: 1 });
  });

  it('has nothing to say without either', () => {
    expect(resolveSampling(undefined, undefined)).toEqual({});
  });
});
