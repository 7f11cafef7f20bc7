import fc from 'fast-check';
import { encodeTensor } from '../testing/encode-tensor.js';
import { dequantize } from './dequantize.js';
import { quantizeBlocks } from './quantize-blocks.js';

describe('quantizeBlocks', () => {
  it('gives each block of 32 the scale that makes its largest number 127', () => {
    const values = new Float32Array(64);
    values.set([1.27, -0.635, 0.02], 0);
    values.set([-254], 32);
    const { bytes, scales } = quantize(values);

    expect([...bytes.subarray(0, 4)]).toEqual([255, 64, 130, 128]);
    expect(bytes[32]).toBe(1);
    expect(scales[0]).toBeCloseTo(0.01, 7);
    expect(scales[1]).toBe(2);
  });

  it('is never off by more than half a step', () => {
    const block = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(block, (numbers) => {
        const values = Float32Array.from(numbers);
        const { bytes, scales } = quantize(values);
        const scale = scales[0] ?? 0;
        values.forEach((value, i) => {
          expect(Math.abs(((bytes[i] ?? 0) - 128) * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('gives back what was stored as Q8_0', () => {
    const plain = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7) * (i < 32 ? 3 : 0.01));
    const stored = encodeTensor('Q8_0', plain);
    const values = new Float32Array(64);
    dequantize('Q8_0', stored, values);
    const { bytes } = quantize(values);

    for (let i = 0; i < 64; i++)
      expect((bytes[i] ?? 0) - 128).toBe(((stored[2 + i + (i < 32 ? 0 : 2)] ?? 0) << 24) >> 24);
  });

  it('keeps a block of zeros', () => {
    const { bytes, scales } = quantize(new Float32Array(32));

    expect(new Set(bytes)).toEqual(new Set([128]));
    expect(scales[0]).toBe(0);
  });
});

function quantize(values: Float32Array): { bytes: Uint8Array; scales: Float32Array } {
  const bytes = new Uint8Array(values.length);
  const scales = new Float32Array(values.length / 32);
  quantizeBlocks(values, bytes, scales);
  return { bytes, scales };
}
