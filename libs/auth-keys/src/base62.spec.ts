import { BASE62, randomBase62, toBase62 } from './base62.js';

describe('randomBase62', () => {
  it('has the length asked for, and letters and digits alone', () => {
    for (const length of [0, 1, 12, 43, 1000])
      expect(randomBase62(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
  });

  it('does not repeat itself', () => {
    expect(new Set(Array.from({ length: 5000 }, () => randomBase62(12))).size).toBe(5000);
  });

  it('prefers no letter', () => {
    const draws = 62_000;
    const counts = new Map<string, number>();
    for (const letter of randomBase62(draws)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    const expected = draws / 62;
    const chiSquare = [...BASE62].reduce(
      (sum, letter) => sum + ((counts.get(letter) ?? 0) - expected) ** 2 / expected,
      0,
    );
    // 61 degrees of freedom: above 150 once in a hundred million runs. Taking every byte modulo 62 gives about 760.
    expect(chiSquare).toBeLessThan(150);
  });
});

describe('toBase62', () => {
  it.each([
    [0, 6, '000000'],
    [61, 1, 'z'],
    [62, 2, '10'],
    [0xffffffff, 6, '4gfFC3'],
  ])('writes %i in %i letters', (value, length, text) => {
    expect(toBase62(value, length)).toBe(text);
  });
});
