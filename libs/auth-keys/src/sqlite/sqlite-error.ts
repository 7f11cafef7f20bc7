import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeyStoreError } from '../key-store-error.js';
import type { KeyStoreErrorCode } from '../key-store-error.js';
import { errorCode, errorText, toStorageError } from '../storage-error.js';

/**
 * SQLite's error as the store's. Its message names tables and columns, never values.
 *
 * @param what what failed, as the message starts
 * @param path the database file, to ask whether its disk is full
 */
export function toKeyStoreError(what: string, error: unknown, path: string): KeyStoreError {
  if (isDiskFull(error, path)) {
    const message = `${what}: the disk is full. Nothing was changed; free some space and try again.`;
    return new KeyStoreError('storage_unavailable', message, { cause: error });
  }
  const code = codeOf(error);
  if (code === undefined || KeyStoreError.isInstance(error)) return toStorageError(what, error);
  if (code === 'id_taken') return new KeyStoreError(code, 'There is a key with this id already.', { cause: error });
  return new KeyStoreError(code, `${what}: ${errorText(error)}`, { cause: error });
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === 'locked';
}

/** SQLite needs this much beside its file to open it. */
const LEAST_FREE_BYTES = 65_536;

/** SQLite says 'full' of its file, but only 'I/O error' when there is no room for the files beside it. */
function isDiskFull(error: unknown, path: string): boolean {
  const code = errorCode(error) ?? '';
  if (/^SQLITE_FULL/.test(code)) return true;
  if (!/^SQLITE_(IOERR|CANTOPEN)/.test(code)) return false;
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < LEAST_FREE_BYTES;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): KeyStoreErrorCode | undefined {
  const code = errorCode(error) ?? '';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'locked';
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return 'corrupt';
  if (/^SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)/.test(code)) return 'id_taken';
  return undefined;
}
