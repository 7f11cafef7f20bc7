// Q8_0 made from another GGUF file, as llama.cpp's own `llama-quantize` makes it: matrices as blocks of 32 numbers
// (a half-float scale and 32 signed bytes), vectors as they are.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, `quantize_row_q8_0_ref` of ggml.
import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dequantize } from '@mcli/model-builder/testing';
import { root } from '../paths.mjs';

const q8 = 8;
const blockNumbers = 32;
const blockBytes = 34;

/**
 * Writes `target` from `source`.
 *
 * @param {string} source
 * @param {string} target
 */
export async function writeQ8(source, target) {
  const { openGguf } = await import(builder('read/gguf-file.js'));
  const file = await openGguf(source);
  const output = await open(target, 'w');
  try {
    const tensors = [...file.tensors.values()];
    const first = Math.min(...tensors.map(({ offset }) => offset));
    const head = Buffer.alloc(first);
    readSync(file.fd, head, 0, first, 0);
    const alignment = file.metadata.integer('general.alignment') ?? 32;
    const padded = (bytes) => Math.ceil(bytes / alignment) * alignment;
    let offset = 0;
    for (const tensor of tensors) {
      const isMatrix = tensor.rows > 1;
      const byteLength = isMatrix ? ((tensor.rows * tensor.columns) / blockNumbers) * blockBytes : tensor.byteLength;
      patchTensor(head, tensor, isMatrix ? q8 : tensor.format.id, offset);
      const bytes = Buffer.alloc(tensor.byteLength);
      readSync(file.fd, bytes, 0, bytes.length, tensor.offset);
      await output.write(isMatrix ? toQ8(bytes, tensor) : bytes, 0, byteLength, first + offset);
      offset = padded(offset + byteLength);
    }
    await output.write(head, 0, first, 0);
    await output.truncate(first + offset);
  } finally {
    await output.close();
    await file.close();
  }
}

/** A module of the model builder that its package doesn't export. */
function builder(module) {
  return pathToFileURL(join(root, 'libs/model-builder/dist', module)).href;
}

/** Writes type and offset into a tensor's entry of the header: name, dimensions (u32), shape (u64 each), type, offset. */
function patchTensor(head, { name, rows, columns }, type, offset) {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(name)));
  const key = Buffer.concat([length, Buffer.from(name)]);
  for (let at = head.indexOf(key); at >= 0; at = head.indexOf(key, at + 1)) {
    const dimensions = head.readUInt32LE(at + key.length);
    const shapeAt = at + key.length + 4;
    if (dimensions < 1 || dimensions > 4 || Number(head.readBigUInt64LE(shapeAt)) !== columns) continue;
    let count = 1;
    for (let i = 1; i < dimensions; i++) count *= Number(head.readBigUInt64LE(shapeAt + 8 * i));
    if (count !== rows) continue;
    const typeAt = shapeAt + 8 * dimensions;
    head.writeUInt32LE(type, typeAt);
    head.writeBigUInt64LE(BigInt(offset), typeAt + 4);
    return;
  }
  throw new Error(`The entry of ${name} was not found in the header.`);
}

function toQ8(bytes, { format, rows, columns }) {
  const numbers = new Float32Array(rows * columns);
  dequantize(format.name, bytes, numbers);
  return quantizeQ8(numbers);
}

/**
 * @param {Float32Array} numbers a multiple of 32
 * @returns {Buffer} the stored blocks
 */
export function quantizeQ8(numbers) {
  const blocks = Buffer.alloc((numbers.length / blockNumbers) * blockBytes);
  for (let from = 0, at = 0; from < numbers.length; from += blockNumbers, at += blockBytes) {
    let most = 0;
    for (let i = from; i < from + blockNumbers; i++) most = Math.max(most, Math.abs(numbers[i]));
    const scale = Math.fround(most / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    blocks.writeUInt16LE(toHalf(scale), at);
    for (let i = 0; i < blockNumbers; i++) {
      const scaled = Math.fround(numbers[from + i] * inverse);
      blocks.writeInt8(Math.sign(scaled) * Math.round(Math.abs(scaled)), at + 2 + i);
    }
  }
  return blocks;
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/**
 * A number as half-precision bits, rounded to the nearest, ties to even.
 *
 * @param {number} value finite, not negative, below 65,504
 */
export function toHalf(value) {
  single[0] = value;
  const exponent = (bits[0] >>> 23) - 112;
  const fraction = (bits[0] & 0x7fffff) | 0x800000;
  const shift = exponent > 0 ? 13 : 14 - exponent;
  if (shift > 24) return 0;
  const half = Math.floor(fraction / 2 ** shift);
  const rest = fraction / 2 ** shift - half;
  const rounded = half + (rest > 0.5 || (rest === 0.5 && half % 2 === 1) ? 1 : 0);
  return exponent > 0 ? ((exponent - 1) << 10) + rounded : rounded;
}
