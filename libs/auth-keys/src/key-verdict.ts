import type { ApiKeyRecord } from './key-store.js';

/** Who is calling, as far as a key can tell. */
export interface KeyCaller {
  /** The key's id. */
  readonly id: string;
  /** What limits, usage and caches count by. Stays when a key is rotated. */
  readonly rootId: string;
  readonly scopes: readonly string[];
  /** Models the caller may use; `null` is all. */
  readonly models: readonly string[] | null;
}

/**
 * Why a credential was refused. For logs and metrics: callers get one answer for all.
 *
 * - `missing`: there was none.
 * - `malformed`: not 1 to 200 printable ASCII characters, or a mistyped key (wrong checksum).
 * - `unknown`: no such key, or its secret is wrong.
 * - `wrong_pepper`: the key was stored with a pepper that this manager doesn't have.
 * - `revoked`, `expired`: the right key, no longer good.
 * - `damaged`: the right key, but the rest of what is stored of it can't be read.
 */
export type KeyRefusal = 'missing' | 'malformed' | 'unknown' | 'wrong_pepper' | 'revoked' | 'expired' | 'damaged';

/** The outcome of checking a credential. A wrong key is a verdict, not an exception. */
export type KeyVerdict =
  | {
      readonly ok: true;
      readonly caller: KeyCaller;
      /** The key's record; `null` for a static key, which has none. */
      readonly record: ApiKeyRecord | null;
    }
  | { readonly ok: false; readonly reason: KeyRefusal };

/** Anything that checks credentials: a `KeyManager`, static keys, several of them as one. */
export interface KeyVerifier {
  /**
   * Checks a credential as it came in a header, without `Bearer `.
   *
   * @throws KeyStoreError the store couldn't be asked; never take that for a yes
   */
  verify(credential: string | undefined): Promise<KeyVerdict>;
}
