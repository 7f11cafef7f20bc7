import { KeyStoreError } from './key-store-error.js';

/** The code that an operating system's or a database's error carries (`ENOENT`, `SQLITE_BUSY`, …). */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** What an error says, whichever realm it is from. */
export function errorText(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** The error as a store throws it: `KeyStoreError`s as they are, everything else as `storage_unavailable`. */
export function toStorageError(what: string, error: unknown): KeyStoreError {
  if (KeyStoreError.isInstance(error)) return error;
  return new KeyStoreError('storage_unavailable', `${what}: ${errorText(error)}`, { cause: error });
}
