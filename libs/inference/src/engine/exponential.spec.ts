import fc from 'fast-check';
import { exponential } from './exponential.js';

describe('exponential', () => {
  it('is within 2e-10 of the exact value, and 0 below -40', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 0, noNaN: true }),
        fc.double({ min: -45, max: 0, noNaN: true }),
        (far, near) => {
          for (const x of [far, near]) {
            const exact = Math.exp(x);
            if (x < -40) expect(exponential(x)).toBe(0);
            else expect(Math.abs(exponential(x) - exact)).toBeLessThanOrEqual(2e-10 * exact);
          }
        },
      ),
    );
  });

  it('is 1 for 0, and 0 for minus infinity and NaN', () => {
    expect([0, -0, -Infinity, NaN].map(exponential)).toEqual([1, 1, 0, 0]);
  });

  it('never grows as x falls', () => {
    for (let at = 1; at <= 20_000; at += 1) {
      expect(exponential(-at / 499)).toBeLessThanOrEqual(exponential(-(at - 1) / 499));
    }
  });
});
