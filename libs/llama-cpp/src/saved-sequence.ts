import { crc32 } from 'node:zlib';
import { LlamaCppError } from './llama-cpp-error.js';
import { packageVersion } from './release.js';

/** 'MLS1', little-endian. */
const magic = 0x31534c4d;

/** Bytes before what the library wrote: magic, tag, length of the rest in 64 bits. */
export const headerBytes = 16;

/**
 * A number for what saved sequences must have in common, so that one of another kind is told before the library reads it: it
 * trusts what it reads.
 */
export function sequenceTag(...parts: readonly unknown[]): number {
  return crc32(JSON.stringify([packageVersion, ...parts]));
}

/** @param bytes with `headerBytes` in front of what the library wrote */
export function writeHeader(bytes: Uint8Array, tag: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, magic, true);
  view.setUint32(4, tag, true);
  view.setBigUint64(8, BigInt(bytes.byteLength - headerBytes), true);
}

/**
 * What the library wrote.
 *
 * @throws LlamaCppError `invalid_argument` when the bytes were not written by `writeHeader`, are not all there, or are of
 * something with another tag
 */
export function readHeader(bytes: Uint8Array, tag: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isWhole =
    bytes.byteLength > headerBytes &&
    view.getUint32(0, true) === magic &&
    view.getBigUint64(8, true) === BigInt(bytes.byteLength - headerBytes);
  if (!isWhole) throw new LlamaCppError('invalid_argument', 'These bytes are no saved sequence, or not all of one.');
  if (view.getUint32(4, true) === tag) return bytes.subarray(headerBytes);
  throw new LlamaCppError(
    'invalid_argument',
    'The sequence was saved by another model, or by a context with another cache type or number of sequences.',
  );
}
