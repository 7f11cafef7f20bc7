import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyManager } from '@mcli/auth-keys';
import { StartError } from './start-error.js';

/** Where built models are kept. */
export function buildsDirectory(home: string): string {
  return join(home, 'builds');
}

/**
 * Makes the folder of everything that is kept, for its owner alone, where it isn't there.
 *
 * @throws StartError `failed` when it can't be made
 */
export function prepareHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    mkdirSync(buildsDirectory(home), { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOSPC' ? 'the disk is full' : `it can't be written (${code ?? 'unknown reason'})`;
    throw new StartError('failed', `${home}: ${reason}. Set MCLI_HOME to a folder that can be.`, { cause: error });
  }
}

/**
 * Opens the API keys that are kept in `home`; other processes may have them open too. Close them in the end.
 *
 * @throws StartError `failed` when the folder can't be written
 * @throws KeyStoreError when the store can't be opened
 */
export async function openKeys(home: string): Promise<KeyManager> {
  prepareHome(home);
  const [{ KeyManager }, { SqliteApiKeyStore }, { default: Database }] = await Promise.all([
    import('@mcli/auth-keys'),
    import('@mcli/auth-keys/sqlite'),
    import('libsql'),
  ]);
  return new KeyManager(new SqliteApiKeyStore(join(home, 'mcli.db'), { Database }));
}
