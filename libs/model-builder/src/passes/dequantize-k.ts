import { halfFloatTable } from './half-float.js';

/**
 * 256 numbers in 8 groups of 32, each with a 6-bit scale and a 6-bit minimum, themselves scaled by two half floats.
 * Two halves of 32 bytes hold two groups: lower and upper 4 bits.
 */
export function dequantizeQ4K(source: Uint8Array, target: Float32Array): void {
  for (let at = 0, to = 0; to < target.length; at += 144, to += 256) {
    const groups = readGroups(source, at);
    for (let group = 0; group < 8; group++) {
      const scale = groups[group * 2] as number;
      const minimum = groups[group * 2 + 1] as number;
      const low = at + 16 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      const start = to + group * 32;
      for (let i = 0; i < 32; i++) target[start + i] = (((source[low + i] as number) >> shift) & 15) * scale - minimum;
    }
  }
}

/** Like Q4_K, with the fifth bits of group g in bit g of 32 bytes in front. */
export function dequantizeQ5K(source: Uint8Array, target: Float32Array): void {
  for (let at = 0, to = 0; to < target.length; at += 176, to += 256) {
    const groups = readGroups(source, at);
    const high = at + 16;
    for (let group = 0; group < 8; group++) {
      const scale = groups[group * 2] as number;
      const minimum = groups[group * 2 + 1] as number;
      const low = at + 48 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      const start = to + group * 32;
      for (let i = 0; i < 32; i++) {
        const fifth = (((source[high + i] as number) >> group) & 1) << 4;
        target[start + i] = ((((source[low + i] as number) >> shift) & 15) | fifth) * scale - minimum;
      }
    }
  }
}

/**
 * 256 numbers of 6 bits around 32, in 16 groups of 16 with a signed 8-bit scale, scaled by one half float. Each half of
 * 128 numbers has four runs of 32: lower 4 bits in two times 32 bytes (lower, then upper halves), upper 2 bits in 32
 * bytes.
 */
export function dequantizeQ6K(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let at = 0, to = 0; to < target.length; at += 210, to += 256) {
    const scale = half[(source[at + 208] as number) | ((source[at + 209] as number) << 8)] as number;
    for (let run = 0; run < 8; run++) {
      const quarter = run & 3;
      const low = at + (run >> 2) * 64 + (quarter & 1) * 32;
      const lowShift = (quarter >> 1) * 4;
      const high = at + 128 + (run >> 2) * 32;
      const highShift = quarter * 2;
      const start = to + run * 32;
      for (let i = 0; i < 32; i++) {
        const group = ((source[at + 192 + run * 2 + (i >> 4)] as number) << 24) >> 24;
        const bits =
          (((source[low + i] as number) >> lowShift) & 15) | ((((source[high + i] as number) >> highShift) & 3) << 4);
        target[start + i] = scale * group * (bits - 32);
      }
    }
  }
}

const groups = new Float64Array(16);

/** Scale and minimum of the 8 groups: 12 bytes with 6 bits each, the last four groups' upper bits apart. */
function readGroups(source: Uint8Array, at: number): Float64Array {
  const half = halfFloatTable();
  const scale = half[(source[at] as number) | ((source[at + 1] as number) << 8)] as number;
  const minimum = half[(source[at + 2] as number) | ((source[at + 3] as number) << 8)] as number;
  for (let group = 0; group < 4; group++) {
    const first = source[at + 4 + group] as number;
    const second = source[at + 8 + group] as number;
    const third = source[at + 12 + group] as number;
    groups[group * 2] = scale * (first & 63);
    groups[group * 2 + 1] = minimum * (second & 63);
    groups[group * 2 + 8] = scale * ((third & 15) | ((first >> 6) << 4));
    groups[group * 2 + 9] = minimum * ((third >> 4) | ((second >> 6) << 4));
  }
  return groups;
}
