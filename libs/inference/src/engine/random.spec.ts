import { createRandom } from './random.js';

describe('createRandom', () => {
  it('gives the same numbers for the same seed, in every release', () => {
    expect(take(createRandom(42), 4)).toEqual(take(createRandom(42), 4));
    expect(take(createRandom(42), 3)).toMatchInlineSnapshot(`
     [
       0.6553784353498703,
       0.5461771376422331,
       0.8626234831689009,
     ]
    `);
  });

  it('gives other numbers for every other seed, also beyond 32 bits and below zero', () => {
    const seeds = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, -(2 ** 53 - 1)];
    const firsts = seeds.map((seed) => createRandom(seed)());
    expect(new Set(firsts).size).toBe(seeds.length);
  });

  it('is seeded by the system without a seed', () => {
    expect(take(createRandom(), 2)).not.toEqual(take(createRandom(), 2));
  });

  it('follows the published algorithm', () => {
    for (const seed of [0, 1, 123456789012345]) {
      const expected = reference(seed);
      for (const value of take(createRandom(seed), 50)) expect(value).toBe(expected());
    }
  });

  it('spreads its numbers evenly over 0 to 1', () => {
    const buckets = new Array<number>(16).fill(0);
    const count = 64_000;
    for (const value of take(createRandom(7), count)) {
      const bucket = Math.floor(value * buckets.length);
      buckets[bucket] = (buckets[bucket] ?? NaN) + 1;
    }
    const expected = count / buckets.length;
    const chiSquare = buckets.reduce((total, found) => total + (found - expected) ** 2 / expected, 0);
    // 15 degrees of freedom: above 44 once in ten thousand.
    expect(chiSquare).toBeLessThan(44);
  });
});

function take(random: () => number, count: number): number[] {
  return Array.from({ length: count }, random);
}

/** Xoshiro128** over SplitMix32, written over bigints. */
function reference(seed: number): () => number {
  const mask = 0xffffffffn;
  const bits = BigInt.asUintN(64, BigInt(seed));
  const mix = (value: bigint): bigint => {
    let mixed = ((value ^ (value >> 16n)) * 0x85ebca6bn) & mask;
    mixed = ((mixed ^ (mixed >> 13n)) * 0xc2b2ae35n) & mask;
    return mixed ^ (mixed >> 16n);
  };
  const state: bigint[] = [];
  for (let step = 1n; step <= 4n; step += 1n)
    state.push(mix(mix(((bits & mask) + step * 0x9e3779b9n) & mask) ^ (bits >> 32n)));
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & mask;
  const uint32 = (): bigint => {
    let [a, b, c, d] = state as [bigint, bigint, bigint, bigint];
    const result = (rotate((b * 5n) & mask, 7n) * 9n) & mask;
    const shifted = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11n);
    state.splice(0, 4, a, b, c, d);
    return result;
  };
  return () => {
    const [high, low] = [uint32() >> 5n, uint32() >> 6n];
    return Number((high << 26n) | low) / 2 ** 53;
  };
}
