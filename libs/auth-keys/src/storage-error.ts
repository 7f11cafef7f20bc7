import { KeyStoreError } from './key-store-error.js';

/** Whether an error is the operating system's, with this code (`ENOENT`, `EEXIST`, …). */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The error as a store throws it: `KeyStoreError`s as they are, everything else as `storage_unavailable`. */
export function toStorageError(what: string, error: unknown): KeyStoreError {
  if (KeyStoreError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new KeyStoreError('storage_unavailable', `${what}: ${reason}`, { cause: error });
}
