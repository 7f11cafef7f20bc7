import { halfFloatTable } from '../passes/half-float.js';
import type { TensorFormatName } from '../read/tensor-format.js';

/** Stores plain numbers in a format; Q8_0 needs a whole number of blocks of 32. */
export function encodeTensor(
  format: Extract<TensorFormatName, 'F32' | 'F16' | 'BF16' | 'Q8_0'>,
  values: Float32Array,
): Uint8Array {
  switch (format) {
    case 'F32':
      return new Uint8Array(values.slice().buffer);
    case 'F16':
      return new Uint8Array(Uint16Array.from(values, toHalfFloat).buffer);
    case 'BF16':
      return new Uint8Array(Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => bits >>> 16).buffer);
    case 'Q8_0':
      return encodeQ8(values);
  }
}

/** The bits of the nearest half-precision number. */
export function toHalfFloat(value: number): number {
  const table = halfFloatTable();
  const magnitude = value < 0 ? -value : value;
  let low = 0;
  let high = 0x7bff;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((table[middle] as number) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const above = low < 0x7bff ? low + 1 : low;
  const nearest = (table[above] as number) - magnitude < magnitude - (table[low] as number) ? above : low;
  return nearest | (value < 0 ? 0x8000 : 0);
}

function encodeQ8(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array((values.length / 32) * 34);
  for (let from = 0, to = 0; from < values.length; from += 32, to += 34) {
    const block = values.subarray(from, from + 32);
    const scale = toHalfFloat(block.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / 127);
    bytes[to] = scale & 0xff;
    bytes[to + 1] = scale >> 8;
    const divisor = halfFloatTable()[scale] as number;
    for (const [i, value] of block.entries()) {
      bytes[to + 2 + i] = divisor === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / divisor)));
    }
  }
  return bytes;
}
