import { KeyStoreError } from '../key-store-error.js';
import type { KeyStoreErrorCode } from '../key-store-error.js';
import { errorCode, errorText, toStorageError } from '../storage-error.js';

/** SQLite's error as the store's. Its message names tables and columns, never values. */
export function toKeyStoreError(what: string, error: unknown): KeyStoreError {
  const code = codeOf(error);
  if (code === undefined || KeyStoreError.isInstance(error)) return toStorageError(what, error);
  if (code === 'id_taken') return new KeyStoreError(code, 'There is a key with this id already.', { cause: error });
  return new KeyStoreError(code, `${what}: ${errorText(error)}`, { cause: error });
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === 'locked';
}

function codeOf(error: unknown): KeyStoreErrorCode | undefined {
  const code = errorCode(error) ?? '';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'locked';
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return 'corrupt';
  if (/^SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)/.test(code)) return 'id_taken';
  return undefined;
}
