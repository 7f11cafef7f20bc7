import fc from 'fast-check';
import type { Butterflies } from './butterflies.js';
import { createPlainButterflies, createVectorButterflies } from './butterflies.js';

const count = 12;
const float = fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) });
const numbers = fc.array(float, { minLength: 5 * count, maxLength: 5 * count });

describe('butterflies', () => {
  it('make sums and differences of two runs, and leave what is outside them', () => {
    const butterflies = createPlainButterflies(12);
    butterflies.numbers.set([9, 9, 1, 2, 3, 4, 10, 20, 30, 40, 9, 9]);
    butterflies.pairs(2, 4);
    expect([...butterflies.numbers]).toEqual([9, 9, 11, 22, 33, 44, -9, -18, -27, -36, 9, 9]);
  });

  it.each([
    ['plain', createPlainButterflies],
    ['vectors', createVectorButterflies],
  ])('take two steps at once as if one by one: %s', (_, create) => {
    fc.assert(
      fc.property(numbers, (values) => {
        const once = filled(create(5 * count), values);
        once.fours(count, count);
        const twice = filled(create(5 * count), values);
        twice.pairs(count, count);
        twice.pairs(3 * count, count);
        twice.pairs(count, 2 * count);
        expect(once.numbers).toEqual(twice.numbers);
      }),
    );
  });

  it('are the same bits as vectors', () => {
    fc.assert(
      fc.property(numbers, fc.boolean(), (values, four) => {
        const [plain, vectors] = [createPlainButterflies, createVectorButterflies].map((create) =>
          filled(create(5 * count), values),
        );
        for (const butterflies of [plain, vectors]) butterflies?.[four ? 'fours' : 'pairs'](count, count);
        expect(vectors?.numbers).toEqual(plain?.numbers);
      }),
    );
  });
});

function filled(butterflies: Butterflies | undefined, values: readonly number[]): Butterflies {
  if (!butterflies) throw new Error('WebAssembly has no vectors on this processor.');
  butterflies.numbers.set(values);
  return butterflies;
}
