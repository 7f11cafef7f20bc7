import fc from 'fast-check';
import { dequantize } from '@mcli/model-builder/testing';
import { encodeQ4K, encodeQ6K } from './encode-k-blocks.js';

const blocks = fc.float32Array({ min: -1, max: 1, noNaN: true, minLength: 256, maxLength: 256 });

describe.each([
  { name: 'Q4_K', encode: encodeQ4K, blockBytes: 144, largestError: 0.1 },
  { name: 'Q6_K', encode: encodeQ6K, blockBytes: 210, largestError: 0.025 },
] as const)('$name', ({ name, encode, blockBytes, largestError }) => {
  it('gives numbers back, up to its steps', () => {
    fc.assert(
      fc.property(blocks, (values) => {
        const bytes = encode(values);
        const back = new Float32Array(values.length);
        dequantize(name, bytes, back);

        expect(bytes).toHaveLength(blockBytes);
        const errors = values.map((value, i) => value - (back[i] as number));
        expect(errors.filter((error) => error < -largestError || error > largestError)).toHaveLength(0);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps zeros', () => {
    const back = new Float32Array(256).fill(1);
    dequantize(name, encode(new Float32Array(256)), back);
    expect(back.every((value) => value === 0)).toBe(true);
  });
});
