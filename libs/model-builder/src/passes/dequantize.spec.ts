import { readFile } from 'node:fs/promises';
import type { TensorFormatName } from '../read/tensor-format.js';
import { tensorFormats } from '../read/tensor-format.js';
import { dequantize } from './dequantize.js';

type Golden = Readonly<Record<string, { bytes: string; values: string }>>;

const golden = JSON.parse(await readFile(new URL('../../golden/dequantized.json', import.meta.url), 'utf8')) as Golden;

/** Half-precision numbers, by their bits. */
const half = { one: [0x00, 0x3c], two: [0x00, 0x40], minusHalf: [0x00, 0xb8] };

describe('dequantize', () => {
  it.each(tensorFormats)('reads $name as ggml does, bit for bit', ({ name }) => {
    const bytes = Buffer.from(golden[name]?.bytes ?? '', 'base64');
    const expected = Buffer.from(golden[name]?.values ?? '', 'base64');
    const found = new Float32Array(expected.length / 4);
    dequantize(name, bytes, found);

    expect(found.length).toBeGreaterThanOrEqual(32);
    expect(Buffer.from(found.buffer).equals(expected)).toBe(true);
  });

  it('reads F32, F16 and BF16', () => {
    expect([...read('F32', [0, 0, 0xc0, 0x3f], 1)]).toEqual([1.5]);
    expect([...read('F16', [0x00, 0x3e, 0x01, 0x00, 0x00, 0xfc], 3)]).toEqual([
      1.5,
      2 ** -24,
      Number.NEGATIVE_INFINITY,
    ]);
    expect([...read('BF16', [0xc0, 0x3f, 0x20, 0xc1], 2)]).toEqual([1.5, -10]);
  });

  it('reads Q4_0: scale × (4 bits - 8), the lower halves of the bytes first', () => {
    const values = read('Q4_0', [...half.two, 0xf0, ...zeros(14), 0x3a]);

    expect(values[0]).toBe(-16);
    expect(values[16]).toBe(14);
    expect(values[15]).toBe(4);
    expect(values[31]).toBe(-10);
  });

  it('reads Q4_1: scale × 4 bits + minimum', () => {
    const values = read('Q4_1', [...half.two, ...half.minusHalf, 0xf1, ...zeros(15)]);

    expect(values[0]).toBe(1.5);
    expect(values[16]).toBe(29.5);
    expect(values[1]).toBe(-0.5);
  });

  it('reads Q5_0: scale × (5 bits - 16), the fifth bits apart', () => {
    const values = read('Q5_0', [...half.one, 0b0000_0001, 0, 0b0000_0001, 0x80, 0x21, ...zeros(15)]);

    expect(values[0]).toBe(1);
    expect(values[16]).toBe(2);
    expect(values[1]).toBe(-16);
    expect(values[31]).toBe(0);
  });

  it('reads Q5_1: scale × 5 bits + minimum', () => {
    const values = read('Q5_1', [...half.one, ...half.two, 0b0000_0010, 0, 0, 0x80, 0x21, 0x03, ...zeros(14)]);

    expect(values[0]).toBe(3);
    expect(values[16]).toBe(4);
    expect(values[1]).toBe(21);
    expect(values[31]).toBe(18);
  });

  it('reads Q8_0: scale × signed byte', () => {
    const values = read('Q8_0', [...half.minusHalf, 0x7f, 0x80, ...zeros(29), 0xff]);

    expect([values[0], values[1], values[31]]).toEqual([-63.5, 64, 0.5]);
  });

  it('reads Q4_K: 6-bit scales and minima of 8 groups, the last four split', () => {
    const block = new Uint8Array(144);
    block.set([...half.one, ...half.two]);
    block[4] = 0b01_000011; // scale of group 0: 3; upper bits of group 4's scale: 1
    block[8] = 0b10_000101; // minimum of group 0: 5; upper bits of group 4's minimum: 2
    block[12] = 0x7_4; // lower bits of group 4: scale 4, minimum 7
    block[16] = 0x09; // first number of group 0: 9
    block[16 + 64] = 0x0b; // first number of group 4: 11
    const values = read('Q4_K', [...block], 256);

    expect(values[0]).toBe(1 * 3 * 9 - 2 * 5);
    expect(values[128]).toBe(1 * (16 + 4) * 11 - 2 * (32 + 7));
  });

  it('reads Q5_K: like Q4_K, the fifth bit of group g in bit g', () => {
    const block = new Uint8Array(176);
    block.set([...half.one, ...half.two]);
    block[5] = 2; // scale of group 1
    block[9] = 1; // minimum of group 1
    block[16] = 0b0000_0010; // fifth bit of group 1's first number
    block[48] = 0x30; // its lower bits
    const values = read('Q5_K', [...block], 256);

    expect(values[32]).toBe(1 * 2 * (16 + 3) - 2 * 1);
    expect(values[33]).toBe(-2);
    expect(values[0]).toBe(0);
  });

  it('reads Q6_K: (6 bits - 32) × signed scale of 16 numbers × scale', () => {
    const block = new Uint8Array(210);
    block.set(half.two, 208);
    block[192 + 2] = 0xfd; // numbers 32 to 47: -3
    block[32] = 0x05; // lower bits of number 32
    block[128] = 0b0000_1100; // its upper bits: 3
    block[192 + 15] = 1; // numbers 240 to 255
    block[64 + 63] = 0xf0; // lower bits of number 255
    block[128 + 63] = 0b0100_0000; // its upper bits: 1
    const values = read('Q6_K', [...block], 256);

    expect(values[32]).toBe(2 * -3 * (48 + 5 - 32));
    expect(values[255]).toBe(2 * 1 * (16 + 15 - 32));
  });
});

function read(format: TensorFormatName, bytes: readonly number[], count = 32): Float32Array {
  const values = new Float32Array(count);
  dequantize(format, Uint8Array.from(bytes), values);
  return values;
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}
