import fc from 'fast-check';
import { findCutoff } from './cutoff.js';

const anyWeights = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1000 })), {
  minLength: 1,
  maxLength: 200,
});

describe('findCutoff', () => {
  it('finds the rank that sorting finds, by count', () => {
    fc.assert(
      fc.property(anyWeights, fc.integer({ min: 1, max: 200 }), (values, count) => {
        const cutoff = findCutoff(Float64Array.from(values), indexesOf(values), count, 'count');
        expect(cutoff?.index).toBe(rank(values)[count - 1]);
      }),
    );
  });

  it('finds the rank that sorting finds, by weight', () => {
    fc.assert(
      fc.property(anyWeights, fc.double({ min: 0.01, max: 1.1, noNaN: true }), (values, share) => {
        const target = share * values.reduce((sum, value) => sum + value, 0);
        let reached = 0;
        const expected = rank(values).find((index) => (reached += values[index] ?? 0) >= target);
        const cutoff = findCutoff(Float64Array.from(values), indexesOf(values), target, 'weight');
        expect(cutoff?.index).toBe(expected);
      }),
    );
  });

  it('takes linear time on sorted, reversed and equal weights', () => {
    const length = 50_000;
    for (const weightAt of [(index: number) => index + 1, (index: number) => length - index, () => 1]) {
      let reads = 0;
      const weights = new Proxy(
        Float64Array.from({ length }, (_, index) => weightAt(index)),
        {
          get(target, name) {
            reads += 1;
            return Reflect.get(target, name);
          },
        },
      );
      for (const count of [1, 40, 1000, 25_000])
        findCutoff(
          weights,
          Int32Array.from({ length }, (_, index) => index),
          count,
          'count',
        );
      expect(reads).toBeLessThan(4 * 12 * length);
    }
  });
});

function indexesOf(values: readonly number[]): Int32Array {
  return Int32Array.from(values.keys());
}

function rank(values: readonly number[]): number[] {
  return [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
}
