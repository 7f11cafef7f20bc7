import type { ApiKeyType } from './key-format.js';

/** What a key's owner and its administrators may know of it. No part of the key, no digest. Times are Unix milliseconds. */
export interface ApiKeyRecord {
  /** 12 letters of base62, public. */
  readonly id: string;
  /** The first key of a chain of rotated keys; its own id for a key that replaced none. Limits and caches count by it. */
  readonly rootId: string;
  readonly type: ApiKeyType;
  /** For people: 1 to 100 characters, not unique. */
  readonly name: string;
  /** The maker's own notes. Flat; at most 4096 bytes as JSON. */
  readonly metadata: KeyMetadata;
  readonly scopes: readonly string[];
  /** Models the key may use; `null` is all. */
  readonly models: readonly string[] | null;
  readonly createdAt: number;
  /** From this moment on the key is refused; `null` is never. */
  readonly expiresAt: number | null;
  /** When the key was revoked; `null` while it wasn't. */
  readonly revokedAt: number | null;
  /** Times the key was accepted. Counted in memory and stored about once a second. */
  readonly useCount: number;
  readonly lastUsedAt: number | null;
  /**
   * What is wrong with what is stored of the key, for a person. Such a key is refused, and can only be revoked or
   * deleted; the other fields hold what could still be read.
   *
   * @default absent: nothing is
   */
  readonly damaged?: string | undefined;
}

export type KeyMetadata = Readonly<Record<string, string | number | boolean | null>>;

/** What is kept of the key itself. */
export interface KeyHash {
  readonly algorithm: 'sha256' | 'hmac-sha256';
  /** Names the pepper of an HMAC without telling it; `null` for a plain hash. */
  readonly pepperId: string | null;
  /** 32 bytes as 64 lower-case hexadecimal digits. */
  readonly digest: string;
}

/** A record as a store keeps it. */
export interface StoredApiKey extends ApiKeyRecord {
  readonly hash: KeyHash;
}

/** What can change in a stored key. Absent fields stay. */
export type ApiKeyChange = Partial<
  Pick<ApiKeyRecord, 'name' | 'metadata' | 'scopes' | 'models' | 'expiresAt' | 'revokedAt'>
>;

/**
 * Where keys live. A store of your own passes `apiKeyStoreContract` from `@mcli/auth-keys/testing`.
 *
 * A promise that resolves means kept: a durable store has the change on disk by then. What a store hands
 * out is a snapshot; neither side sees the other's later changes to it. Every method rejects with a
 * `KeyStoreError` when the storage fails, and after `close`.
 */
export interface ApiKeyStore {
  /** Whether keys outlive the process. */
  readonly durable: boolean;
  /** @throws KeyStoreError `id_taken` */
  insert(key: StoredApiKey): Promise<void>;
  find(id: string): Promise<StoredApiKey | undefined>;
  /** All keys, revoked and expired ones too, oldest first, then by id. */
  list(): Promise<readonly StoredApiKey[]>;
  /** Returns the key as it now is, or `undefined` when there is none. */
  update(id: string, change: ApiKeyChange): Promise<StoredApiKey | undefined>;
  /**
   * Adds to a key's use count; `lastUsedAt` never goes back. An unknown id is nothing. May be lost when
   * the machine fails within the next moments.
   */
  addUses(id: string, uses: number, lastUsedAt: number): Promise<void>;
  /** Forgets a key; `false` when there is none. */
  delete(id: string): Promise<boolean>;
  /** Frees files and locks. Closing twice is fine. */
  close(): Promise<void>;
}
