import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { ModelBuildError } from '../model-build-error.js';
import { FileCursor } from './file-cursor.js';
import { maxHeaderBytes, readMagic, readTensorPlaces } from './gguf-file.js';
import type { GgufMetadata } from './gguf-metadata.js';
import { readMetadata } from './gguf-metadata.js';

/** What stands at the beginning of a GGUF file. */
export interface GgufHeader {
  readonly metadata: GgufMetadata;
  /** Every tensor with the bytes from its start to the next one's, of whatever type it is. */
  readonly tensors: readonly { readonly name: string; readonly byteLength: number }[];
  /** Bytes in the file. */
  readonly size: number;
}

/**
 * Reads the head of a GGUF file. Unlike a build, it takes tensors of any type.
 *
 * @throws ModelBuildError `io`, `not_gguf`, `truncated`, `invalid_gguf`
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const label = basename(path);
  const handle = await open(path).catch((cause: unknown) => {
    throw new ModelBuildError('io', `${label}: cannot be opened: ${(cause as Error).message}`, { cause });
  });
  try {
    const { size } = await handle.stat();
    const cursor = new FileCursor(handle.fd, size, maxHeaderBytes, label);
    readMagic(cursor, label);
    const count = cursor.count('number of tensors');
    const metadata = readMetadata(cursor, label);
    const places = readTensorPlaces(cursor, label, count).sort((a, b) => a.offset - b.offset);
    const dataBytes = size - cursor.position;
    const tensors = places.map(({ name, offset }, at) => ({
      name,
      byteLength: Math.max(0, (places[at + 1]?.offset ?? dataBytes) - offset),
    }));
    return { metadata, tensors, size };
  } finally {
    await handle.close();
  }
}
