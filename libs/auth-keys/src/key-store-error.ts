/**
 * Why a store refused.
 *
 * - `id_taken`: a key with this id, or the same caller-chosen key, is there already.
 * - `corrupt`: the file is damaged or not a key store; the message names the place.
 * - `newer_schema`: the file was written by a newer version of this package; it is left untouched.
 * - `locked`: another process holds the store.
 * - `insecure_permissions`: others than the owner and its group can read or replace the file, or it is a symbolic link.
 * - `storage_unavailable`: the disk, the file or the database failed, or the store was closed.
 */
export type KeyStoreErrorCode =
  'id_taken' | 'corrupt' | 'newer_schema' | 'locked' | 'insecure_permissions' | 'storage_unavailable';

const marker = Symbol.for('mcli.key-store-error');

/** The one error class of this package. Branch on `code`, never on the message; messages hold no part of a key. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError';
  readonly [marker] = true;
  readonly code: KeyStoreErrorCode;

  constructor(code: KeyStoreErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }

  /** Recognises errors of another installed copy of this package too, which `instanceof` does not. */
  static isInstance(value: unknown): value is KeyStoreError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}
