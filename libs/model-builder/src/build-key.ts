import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { IntegerWeights } from '@mcli/ort';
import { exactIntegers } from './exact-integers.js';
import { ModelBuildError } from './model-build-error.js';
import type { WeightsForm } from './model-manifest.js';
import { builderVersion } from './model-manifest.js';

/** Files up to this size are hashed whole, which takes about a second a gigabyte. */
const wholeFileBytes = 256 * 2 ** 20;
const chunkBytes = 1 << 20;
const samples = 64;

/**
 * A name for the build that `buildModel` would make now: 32 hexadecimal digits that change with the source, the
 * builder's version, the form of the weights and the type of the integers.
 *
 * Of a source up to 256 MiB every byte counts (SHA-256). Of a larger one its size, its modification time, and 64
 * pieces of 1 MiB spread over it, the first and the last among them.
 *
 * @param integers as in `BuildOptions`
 * @throws ModelBuildError `io`; OrtError when the runtime can't be loaded and `integers` is left out
 */
export async function buildKey(source: string, weights: WeightsForm, integers?: IntegerWeights): Promise<string> {
  const type = integers ?? (await exactIntegers());
  const hash = createHash('sha256').update(`${builderVersion}\n${weights}\n${type}\n`);
  try {
    const handle = await open(source);
    try {
      const { size, mtimeMs } = await handle.stat();
      const whole = size <= wholeFileBytes;
      hash.update(whole ? `${size}\n` : `${size} ${mtimeMs}\n`);
      const pieces = whole ? Math.ceil(size / chunkBytes) : samples;
      const step = whole ? chunkBytes : (size - chunkBytes) / (samples - 1);
      const chunk = new Uint8Array(chunkBytes);
      for (let piece = 0; piece < pieces; piece++) {
        const { bytesRead } = await handle.read(chunk, 0, chunkBytes, Math.floor(piece * step));
        hash.update(chunk.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new ModelBuildError('io', `${basename(source)}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  return hash.digest('hex').slice(0, 32);
}
