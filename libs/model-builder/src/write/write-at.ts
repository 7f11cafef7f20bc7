import type { FileHandle } from 'node:fs/promises';

/** Writes an array's bytes at a place in a file, all of them. */
export async function writeAt(target: FileHandle, array: ArrayBufferView, offset: number): Promise<void> {
  let written = 0;
  while (written < array.byteLength) {
    const rest = new Uint8Array(array.buffer, array.byteOffset + written, array.byteLength - written);
    const { bytesWritten } = await target.write(rest, 0, rest.byteLength, offset + written);
    written += bytesWritten;
  }
}
