import { foldNorm } from './fold-norm.js';

describe('foldNorm', () => {
  it('multiplies each column by its weight, in every row', () => {
    const matrix = Float32Array.of(1, 2, 3, 4, 5, 6);
    foldNorm(matrix, Float32Array.of(1, 10, -2));
    expect([...matrix]).toEqual([1, 20, -6, 4, 50, -12]);
  });

  it('computes the same as the weight before the matrix', () => {
    const [norm, row, input] = [Float32Array.of(0.5, 2, 4), Float32Array.of(1, -1, 3), Float32Array.of(2, 3, 0.25)];
    const expected = row.reduce((sum, w, i) => sum + w * (norm[i] ?? 0) * (input[i] ?? 0), 0);
    foldNorm(row, norm);
    expect(row.reduce((sum, w, i) => sum + w * (input[i] ?? 0), 0)).toBe(expected);
  });
});
