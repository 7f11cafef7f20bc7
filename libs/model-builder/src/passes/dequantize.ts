import type { TensorFormatName } from '../read/tensor-format.js';
import { dequantizeQ4K, dequantizeQ5K, dequantizeQ6K } from './dequantize-k.js';
import { halfFloatTable } from './half-float.js';

/** Reads `target.length` numbers, a whole number of blocks, from the start of `source` on. */
type Dequantize = (source: Uint8Array, target: Float32Array) => void;

/**
 * Turns a tensor's stored blocks into plain numbers. `source` starts with a block; `target.length` numbers are read,
 * which must be a whole number of blocks that `source` holds.
 *
 * Source: `dequantize_row_*` of ggml, whose results these are bit for bit.
 */
export function dequantize(format: TensorFormatName, source: Uint8Array, target: Float32Array): void {
  byFormat[format](source, target);
}

const byFormat: Readonly<Record<TensorFormatName, Dequantize>> = {
  F32: dequantizeF32,
  F16: dequantizeF16,
  BF16: dequantizeBF16,
  Q4_0: dequantizeQ4V0,
  Q4_1: dequantizeQ4V1,
  Q5_0: dequantizeQ5V0,
  Q5_1: dequantizeQ5V1,
  Q8_0: dequantizeQ8V0,
  Q4_K: dequantizeQ4K,
  Q5_K: dequantizeQ5K,
  Q6_K: dequantizeQ6K,
};

function dequantizeF32(source: Uint8Array, target: Float32Array): void {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let i = 0; i < target.length; i++) target[i] = view.getFloat32(i * 4, true);
}

function dequantizeF16(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let i = 0; i < target.length; i++) target[i] = half[u16(source, i * 2)] as number;
}

/** The upper half of a single-precision number. */
function dequantizeBF16(source: Uint8Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) bits[i] = u16(source, i * 2) << 16;
}

/** Scale; 32 numbers of 4 bits around 8: the first 16 in the lower halves of 16 bytes, the rest in the upper. */
function dequantizeQ4V0(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let at = 0, to = 0; to < target.length; at += 18, to += 32) {
    const scale = half[u16(source, at)] as number;
    for (let i = 0; i < 16; i++) {
      const byte = source[at + 2 + i] as number;
      target[to + i] = ((byte & 15) - 8) * scale;
      target[to + 16 + i] = ((byte >> 4) - 8) * scale;
    }
  }
}

/** Scale and minimum; 32 numbers of 4 bits. */
function dequantizeQ4V1(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let at = 0, to = 0; to < target.length; at += 20, to += 32) {
    const scale = half[u16(source, at)] as number;
    const minimum = half[u16(source, at + 2)] as number;
    for (let i = 0; i < 16; i++) {
      const byte = source[at + 4 + i] as number;
      target[to + i] = (byte & 15) * scale + minimum;
      target[to + 16 + i] = (byte >> 4) * scale + minimum;
    }
  }
}

/** Scale; the fifth bits of all 32 numbers; their lower 4 bits. Around 16. */
function dequantizeQ5V0(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let at = 0, to = 0; to < target.length; at += 22, to += 32) {
    const scale = half[u16(source, at)] as number;
    const high = u16(source, at + 2) | (u16(source, at + 4) << 16);
    for (let i = 0; i < 16; i++) {
      const byte = source[at + 6 + i] as number;
      target[to + i] = (((byte & 15) | (((high >>> i) & 1) << 4)) - 16) * scale;
      target[to + 16 + i] = (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16) * scale;
    }
  }
}

/** Scale and minimum; the fifth bits of all 32 numbers; their lower 4 bits. */
function dequantizeQ5V1(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let at = 0, to = 0; to < target.length; at += 24, to += 32) {
    const scale = half[u16(source, at)] as number;
    const minimum = half[u16(source, at + 2)] as number;
    const high = u16(source, at + 4) | (u16(source, at + 6) << 16);
    for (let i = 0; i < 16; i++) {
      const byte = source[at + 8 + i] as number;
      target[to + i] = ((byte & 15) | (((high >>> i) & 1) << 4)) * scale + minimum;
      target[to + 16 + i] = ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) * scale + minimum;
    }
  }
}

/** Scale; 32 signed bytes. */
function dequantizeQ8V0(source: Uint8Array, target: Float32Array): void {
  const half = halfFloatTable();
  for (let at = 0, to = 0; to < target.length; at += 34, to += 32) {
    const scale = half[u16(source, at)] as number;
    for (let i = 0; i < 32; i++) target[to + i] = (((source[at + 2 + i] as number) << 24) >> 24) * scale;
  }
}

function u16(source: Uint8Array, at: number): number {
  return (source[at] as number) | ((source[at + 1] as number) << 8);
}
