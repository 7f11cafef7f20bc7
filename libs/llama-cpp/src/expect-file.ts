import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { LlamaCppError } from './llama-cpp-error.js';

/** @throws LlamaCppError `model_not_found`: the library itself would give no reason */
export async function expectFile(path: string): Promise<void> {
  await access(path).catch((cause: unknown) => {
    throw new LlamaCppError('model_not_found', `${basename(path)}: there is no such file, or it can't be read.`, {
      cause,
    });
  });
}
