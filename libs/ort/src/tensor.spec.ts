import fc from 'fast-check';
import { elementCount, tensorOver, viewTensor } from './tensor.js';

const pool = () => tensorOver('float32', [4, 3, 2], new ArrayBuffer(4 * 3 * 2 * 4), 0);

describe('viewTensor', () => {
  it('shares the memory of the tensor', () => {
    const whole = pool();
    const rows = viewTensor(whole, 6, [2, 3, 2]);
    rows.data.fill(7);
    expect([...whole.data]).toEqual([...Array(6).fill(0), ...Array(12).fill(7), ...Array(6).fill(0)]);
    expect(rows).toMatchObject({ type: 'float32', dims: [2, 3, 2] });
  });

  it('views a view', () => {
    const whole = pool();
    viewTensor(viewTensor(whole, 6, [12]), 2, [1]).data[0] = 9;
    expect(whole.data[8]).toBe(9);
  });

  it('accepts exactly what lies inside the tensor', () => {
    const whole = pool();
    const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.integer({ min: -2, max: 26 }), sizes, (from, dims) => {
        const view = () => viewTensor(whole, from, dims);
        const count = dims.reduce((product, size) => product * size, 1);
        if (from < 0 || from + count > 24) expect(view).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
        else expect(view().data).toHaveLength(count);
      }),
    );
  });
});

describe('elementCount', () => {
  it('counts one element without dimensions', () => {
    expect(elementCount([])).toBe(1);
  });

  it.each([[-1], [1.5], [Number.NaN], [2 ** 60]])('refuses the size %p', (size) => {
    expect(() => elementCount([2, size])).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});
