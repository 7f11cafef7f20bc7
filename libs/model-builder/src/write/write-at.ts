import { writeSync } from 'node:fs';

/** Writes an array's bytes at a place in an open file, all of them. */
export function writeAt(fd: number, array: ArrayBufferView, offset: number): void {
  let written = 0;
  while (written < array.byteLength) {
    const rest = new Uint8Array(array.buffer, array.byteOffset + written, array.byteLength - written);
    written += writeSync(fd, rest, 0, rest.byteLength, offset + written);
  }
}
