import { KeyStoreError } from '../key-store-error.js';
import type { KeyStoreErrorCode } from '../key-store-error.js';
import { toStorageError } from '../storage-error.js';

/** SQLite's error as the store's. Its message names tables and columns, never values. */
export function toKeyStoreError(what: string, error: unknown): KeyStoreError {
  const code = error instanceof Error && 'code' in error ? codeOf(String(error.code)) : undefined;
  if (code === undefined || KeyStoreError.isInstance(error)) return toStorageError(what, error);
  return new KeyStoreError(code, `${what}: ${error instanceof Error ? error.message : ''}`, { cause: error });
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codeOf(String(error.code)) === 'locked';
}

function codeOf(sqliteCode: string): KeyStoreErrorCode | undefined {
  if (/^SQLITE_(BUSY|LOCKED)/.test(sqliteCode)) return 'locked';
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCode)) return 'corrupt';
  if (/^SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)/.test(sqliteCode)) return 'id_taken';
  return undefined;
}
