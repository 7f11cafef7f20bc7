import { readSync } from 'node:fs';
import { ModelBuildError } from '../model-build-error.js';

/**
 * Fills `target` from a place in an open file on.
 *
 * @param label names the file in messages
 * @throws ModelBuildError `truncated` or `io`
 */
export function readAt(fd: number, target: Uint8Array, offset: number, label: string): void {
  let filled = 0;
  while (filled < target.byteLength) {
    const read = readSome(fd, target, filled, offset + filled, label);
    if (read === 0) {
      throw new ModelBuildError('truncated', `${label}: ends at byte ${offset + filled}, in the middle of a tensor`);
    }
    filled += read;
  }
}

function readSome(fd: number, target: Uint8Array, filled: number, offset: number, label: string): number {
  try {
    return readSync(fd, target, filled, target.byteLength - filled, offset);
  } catch (cause) {
    const message = `${label}: cannot be read at byte ${offset}: ${(cause as Error).message}`;
    throw new ModelBuildError('io', message, { cause });
  }
}
