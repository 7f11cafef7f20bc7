import { toHalfFloat } from '@mcli/model-builder/testing';

const blockSize = 256;

// Looking up globals is slow where tests run.
const { abs, max, min, round } = Math;

/**
 * Stores numbers as Q4_K: 8 parts of 32, each `scale * q - minimum` with q of 4 bits, scale and minimum of 6 bits.
 * `values.length` is a multiple of 256. The nearest step is taken for each number; nothing is searched for.
 *
 * Source: `block_q4_K` of ggml.
 */
export function encodeQ4K(values: Float32Array): Uint8Array {
  return encodeBlocks(values, 144, (block, bytes) => {
    const parts = split(block, 32);
    const minima = parts.map((part) => max(0, -min(...part)));
    const scales = parts.map((part, i) => (max(...part) + (minima[i] as number)) / 15);
    const scaleUnit = max(...scales) / 63;
    const minimumUnit = max(...minima) / 63;
    const scaleSteps = scales.map((scale) => nearest(scale, scaleUnit, 1, 63));
    const minimumSteps = minima.map((minimum) => nearest(minimum, minimumUnit, 0, 63));
    setHalf(bytes, 0, scaleUnit);
    setHalf(bytes, 2, minimumUnit);
    for (let i = 0; i < 4; i++) {
      const [scale, laterScale] = [scaleSteps[i] as number, scaleSteps[i + 4] as number];
      const [minimum, laterMinimum] = [minimumSteps[i] as number, minimumSteps[i + 4] as number];
      bytes[4 + i] = scale | ((laterScale >> 4) << 6);
      bytes[8 + i] = minimum | ((laterMinimum >> 4) << 6);
      bytes[12 + i] = (laterScale & 15) | ((laterMinimum & 15) << 4);
    }
    for (const [index, value] of block.entries()) {
      const part = index >> 5;
      const minimum = minimumUnit * (minimumSteps[part] as number);
      const step = nearest(value + minimum, scaleUnit * (scaleSteps[part] as number), 0, 15);
      const at = 16 + (part >> 1) * 32 + (index & 31);
      bytes[at] = (bytes[at] as number) | (step << (4 * (part & 1)));
    }
  });
}

/**
 * Stores numbers as Q6_K: 16 parts of 16, each `scale * q` with q of 6 bits and scale of 8 bits. `values.length` is a
 * multiple of 256.
 *
 * Source: `block_q6_K` of ggml.
 */
export function encodeQ6K(values: Float32Array): Uint8Array {
  return encodeBlocks(values, 210, (block, bytes) => {
    const scales = split(block, 16).map((part) => max(...part.map(abs)) / 31);
    const unit = max(...scales) / 127;
    const scaleSteps = scales.map((scale) => nearest(scale, unit, 1, 127));
    for (const [i, step] of scaleSteps.entries()) bytes[192 + i] = step;
    setHalf(bytes, 208, unit);
    for (const [index, value] of block.entries()) {
      const step = nearest(value, unit * (scaleSteps[index >> 4] as number), -32, 31) + 32;
      const half = index >> 7;
      const quarter = (index >> 5) & 3;
      const lane = index & 31;
      const low = half * 64 + (quarter & 1) * 32 + lane;
      const high = 128 + half * 32 + lane;
      bytes[low] = (bytes[low] as number) | ((step & 15) << (4 * (quarter >> 1)));
      bytes[high] = (bytes[high] as number) | ((step >> 4) << (2 * quarter));
    }
  });
}

function encodeBlocks(
  values: Float32Array,
  blockBytes: number,
  encode: (block: Float32Array, bytes: Uint8Array) => void,
): Uint8Array {
  const blocks = values.length / blockSize;
  const bytes = new Uint8Array(blocks * blockBytes);
  for (let i = 0; i < blocks; i++) {
    encode(values.subarray(i * blockSize, (i + 1) * blockSize), bytes.subarray(i * blockBytes, (i + 1) * blockBytes));
  }
  return bytes;
}

function split(block: Float32Array, size: number): Float32Array[] {
  return Array.from({ length: block.length / size }, (_, i) => block.subarray(i * size, (i + 1) * size));
}

function nearest(value: number, unit: number, lowest: number, highest: number): number {
  return unit === 0 ? lowest : max(lowest, min(highest, round(value / unit)));
}

function setHalf(bytes: Uint8Array, at: number, value: number): void {
  const bits = toHalfFloat(value);
  bytes[at] = bits & 0xff;
  bytes[at + 1] = bits >> 8;
}
