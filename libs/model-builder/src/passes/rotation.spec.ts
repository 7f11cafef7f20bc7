import { Rotation } from './rotation.js';

const sizes = [1, 2, 7, 8, 48, 64, 576];

describe('Rotation', () => {
  it.each(sizes)('keeps lengths and angles: size %i', (size) => {
    const rotation = new Rotation(size);
    const [a, b] = [vector(size, 1), vector(size, 2)];
    const before = [dot(a, a), dot(b, b), dot(a, b)];
    rotation.turn(a);
    rotation.turn(b);
    [dot(a, a), dot(b, b), dot(a, b)].forEach((value, i) => expect(value).toBeCloseTo(before[i] ?? NaN, 3));
  });

  it('spreads an outlier over all channels', () => {
    const outlier = new Float32Array(576);
    outlier[123] = 24;
    new Rotation(576).turn(outlier);
    expect(Math.max(...outlier.map(Math.abs))).toBeLessThan(6);
  });

  it('turns what a matrix writes as it turns a vector', () => {
    const rotation = new Rotation(48);
    const [matrix, input] = [vector(48 * 5, 3), vector(5, 4)];
    const expected = times(matrix, input);
    rotation.turn(expected);
    rotation.turnColumns(matrix, 5);
    times(matrix, input).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 4));
  });

  it('turns heads one by one', () => {
    const rotation = new Rotation(24);
    const [matrix, input] = [vector(48 * 5, 3), vector(5, 4)];
    const expected = times(matrix, input);
    rotation.turnRows(expected);
    rotation.turnColumns(matrix, 5);
    times(matrix, input).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 4));
  });

  it('cancels out between a matrix that reads and what it reads', () => {
    const rotation = new Rotation(48);
    const [row, input] = [vector(48, 5), vector(48, 6)];
    const expected = dot(row, input);
    rotation.turn(row);
    rotation.turn(input);
    expect(dot(row, input)).toBeCloseTo(expected, 4);
  });

  it('is the same for the same seed and another for another', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => {
      const x = vector(48, 7);
      new Rotation(48, seed).turn(x);
      return x;
    });
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it.each(sizes)('turns each of many vectors of size %i as if it were alone', (size) => {
    const rotation = new Rotation(size);
    const rows = vector(size * 75, 9);
    const columns = Float32Array.from(rows, (_, at) => rows[(at % 75) * size + Math.floor(at / 75)] ?? NaN);
    const alone = Array.from({ length: 75 }, (_, at) => rows.slice(at * size, (at + 1) * size));
    for (const one of alone) rotation.turn(one);
    rotation.turnRows(rows);
    rotation.turnColumns(columns, 75);

    expect(rows).toEqual(Float32Array.from(alone.flatMap((one) => [...one])));
    expect(columns).toEqual(Float32Array.from(columns, (_, at) => alone[at % 75]?.[Math.floor(at / 75)] ?? NaN));
  });
});

function vector(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233) * 2);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** A matrix `[48, 5]` times a vector. */
function times(matrix: Float32Array, input: Float32Array): Float32Array {
  return Float32Array.from({ length: 48 }, (_, row) => dot(matrix.subarray(row * 5, row * 5 + 5), input));
}
