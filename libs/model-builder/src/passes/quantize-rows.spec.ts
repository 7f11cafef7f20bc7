import fc from 'fast-check';
import { quantizeRows } from './quantize-rows.js';

describe('quantizeRows', () => {
  it('makes columns of rows, each with the scale of its largest magnitude', () => {
    const target = { transposed: new Int8Array(6), width: 3, scales: new Float32Array(3) };
    quantizeRows(Float32Array.of(1, -127), 2, target, 0);
    quantizeRows(Float32Array.of(0, 0, 25.4, 12.7), 2, target, 1);

    expect([...target.transposed]).toEqual([1, 0, 127, -127, 0, 63]);
    expect([...target.scales].map((scale) => scale.toFixed(3))).toEqual(['1.000', '0.000', '0.200']);
  });

  it('is never further off than half a step', () => {
    const numbers = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(numbers, (values) => {
        const target = { transposed: new Int8Array(12), width: 3, scales: new Float32Array(3) };
        quantizeRows(Float32Array.from(values), 4, target, 0);
        values.forEach((value, at) => {
          const [row, column] = [Math.floor(at / 4), at % 4];
          const scale = target.scales[row] ?? NaN;
          const back = (target.transposed[column * 3 + row] ?? NaN) * scale;
          expect(Math.abs(back - value)).toBeLessThanOrEqual(scale * 0.5001 + 1e-30);
        });
      }),
      { numRuns: 200 },
    );
  });
});
