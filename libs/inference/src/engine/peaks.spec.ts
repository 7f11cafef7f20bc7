import fc from 'fast-check';
import { Peaks } from './peaks.js';

const logit = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -20, max: 20 }).map((number) => number / 4) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, -Infinity) },
);
const rows = fc.array(logit, { minLength: 1, maxLength: 300 }).map((numbers) => Float32Array.from(numbers));

describe('Peaks', () => {
  it('finds the first of the largest', () => {
    fc.assert(
      fc.property(rows, (logits) => {
        const numbers = Array.from(logits).filter((number) => number > -Infinity);
        const expected = numbers.length === 0 ? -1 : logits.indexOf(Math.max(...numbers));
        expect(new Peaks(logits).findLikeliest()).toBe(expected);
      }),
    );
  });

  it.each([[[-Infinity]], [[NaN, -Infinity]], [[NaN]], [[]]])('finds nothing among %p', (numbers: number[]) => {
    expect(new Peaks(Float32Array.from(numbers)).findLikeliest()).toBe(-1);
  });

  it('collects what reaches a logit, in order', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: -20, max: 20 }), (logits, least) => {
        const ids = new Int32Array(logits.length);
        const count = new Peaks(logits).collect(least, ids);
        const expected = Array.from(logits.keys()).filter((id) => (logits[id] as number) >= least);
        expect(Array.from(ids.subarray(0, count))).toEqual(expected);
      }),
    );
  });

  it('names a logit that as many reach as are asked for', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 8 }), (logits, count) => {
        const peaks = new Peaks(logits);
        const least = peaks.findReachedBy(count);
        if (count > peaks.count) expect(least).toBe(-Infinity);
        else if (least > -Infinity)
          expect(logits.filter((number) => number >= least).length).toBeGreaterThanOrEqual(count);
      }),
    );
  });
});
