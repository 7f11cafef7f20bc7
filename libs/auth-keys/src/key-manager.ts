import { isCredential, STRONG_KEY_LENGTH } from './credential.js';
import { generateKey, hasKeyPrefix, parseKey } from './key-format.js';
import { chosenKeyId, KeyHasher } from './key-hasher.js';
import type { ApiKeyRecord, ApiKeyStore, KeyMetadata } from './key-store.js';
import type { KeyCaller, KeyRefusal, KeyVerifier } from './key-verdict.js';
import { MemoryApiKeyStore } from './memory-store.js';
import type { NewKey } from './new-key.js';
import { newRecord } from './new-key.js';
import { toRecord } from './stored-key.js';
import { UseCounter } from './use-counter.js';

export interface KeyManagerOptions {
  /**
   * A secret of the server, at least 16 random bytes, that goes into every stored digest. Keep it apart
   * from the store. Keys stored with it are lost when it is; keys stored before it was given stay good.
   *
   * @default none: digests are plain SHA-256
   */
  readonly pepper?: string | Uint8Array | undefined;
  /** The present moment in Unix milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** Called when use counts couldn't be stored; they are kept and tried again. @default nothing */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The outcome of `KeyManager.verify`: a `KeyVerdict` whose record is always there. */
export type StoredKeyVerdict =
  | { readonly ok: true; readonly caller: KeyCaller; readonly record: ApiKeyRecord }
  | { readonly ok: false; readonly reason: KeyRefusal };

/** What `addKey` notes beside a key. */
export interface AddKeyOptions {
  /** @default the key's id */
  readonly name?: string | undefined;
  /** @default {} */
  readonly metadata?: KeyMetadata | undefined;
}

/** One line of `listKeys`. Times are Unix milliseconds. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  /** Times the key was accepted. */
  readonly usageCount: number;
  readonly metadata: KeyMetadata;
}

/** Makes, checks and ends API keys. A wrong key is a verdict, not an exception. */
export class KeyManager implements KeyVerifier {
  readonly #store: ApiKeyStore;
  readonly #hasher: KeyHasher;
  readonly #uses: UseCounter;
  readonly #clock: () => number;
  #latest = 0;

  /**
   * @param store where keys live; closed by `close`
   * @throws TypeError the pepper is too short
   */
  constructor(store: ApiKeyStore = new MemoryApiKeyStore(), options: KeyManagerOptions = {}) {
    this.#store = store;
    this.#hasher = new KeyHasher(options.pepper);
    this.#uses = new UseCounter(store, options.onError ?? (() => undefined));
    this.#clock = options.now ?? Date.now;
  }

  /**
   * Makes a key. This is the only moment the whole key exists: show it to its owner and forget it.
   *
   * @throws TypeError a field is not as `NewKey` says
   * @throws KeyStoreError the key couldn't be stored
   */
  async create(key: NewKey): Promise<{ readonly key: string; readonly record: ApiKeyRecord }> {
    const generated = generateKey(key.type ?? 'inference');
    const record = newRecord(generated.id, key, this.#now());
    await this.#store.insert({ ...record, hash: this.#hasher.hash(generated.key) });
    return { key: generated.key, record };
  }

  /**
   * Checks a credential as it came in a header, without `Bearer `.
   *
   * (1) What can't be a key is refused before it is hashed or looked up. (2) The digest is computed and
   * (3) compared whether there is such a key or not. (4) Only who has the secret learns more of the key.
   *
   * @throws KeyStoreError the store couldn't be asked; never take that for a yes
   */
  async verify(credential: string | undefined): Promise<StoredKeyVerdict> {
    if (credential === undefined || credential === '') return { ok: false, reason: 'missing' };
    const id = idOf(credential); // (1)
    if (id === undefined) return { ok: false, reason: 'malformed' };
    const found = await this.#store.find(id);
    const proven = this.#hasher.matches(credential, found?.hash); // (2) (3)
    if (found === undefined) return { ok: false, reason: 'unknown' };
    if (!proven) return { ok: false, reason: this.#hasher.knowsPepperOf(found.hash) ? 'unknown' : 'wrong_pepper' };
    const now = this.#now(); // (4)
    if (found.revokedAt !== null) return { ok: false, reason: 'revoked' };
    if (found.damaged !== undefined) return { ok: false, reason: 'damaged' };
    if (found.expiresAt !== null && found.expiresAt <= now) return { ok: false, reason: 'expired' };
    this.#uses.count(id, now);
    const { rootId, scopes, models } = found;
    return { ok: true, caller: { id, rootId, scopes, models }, record: toRecord(found) };
  }

  /** All keys, revoked, expired and damaged ones too, oldest first. */
  async list(): Promise<readonly ApiKeyRecord[]> {
    await this.#uses.flush();
    return (await this.#store.list()).map(toRecord);
  }

  async get(id: string): Promise<ApiKeyRecord | undefined> {
    await this.#uses.flush();
    const found = await this.#store.find(id);
    return found && toRecord(found);
  }

  /**
   * Ends a key for ever; its record stays. From the moment the promise resolves, no check in this process
   * accepts it.
   *
   * @returns `false` when there is no such key, `true` when it is revoked now or was before
   */
  async revoke(id: string): Promise<boolean> {
    const found = await this.#store.find(id);
    if (found === undefined) return false;
    if (found.revokedAt !== null) return true;
    return (await this.#store.update(id, { revokedAt: this.#now() })) !== undefined;
  }

  /**
   * Takes in a key that its caller chose, with every inference scope: 1 to 200 printable ASCII characters,
   * at least 20 when the store is durable, since whoever reads the store can guess short ones.
   *
   * @throws TypeError the key is too short or too long, or looks like a key made by `create` and isn't one
   * @throws KeyStoreError `id_taken` the key is there already
   */
  async addKey(key: string, options: AddKeyOptions = {}): Promise<ApiKeyRecord> {
    const id = typeof key === 'string' ? idOf(key) : undefined;
    if (id === undefined || parseKey(key)?.type === 'admin') {
      throw new TypeError(
        hasKeyPrefix(String(key))
          ? `Keys that start with 'mcli_' or 'mclia_' are made by create(); this one wasn't, or is an admin key.`
          : 'A key has 1 to 200 printable ASCII characters and no space at either end.',
      );
    }
    if (this.#store.durable && key.length < STRONG_KEY_LENGTH) {
      throw new TypeError(
        `A key that is kept has at least ${STRONG_KEY_LENGTH} characters; this one has ${key.length}.`,
      );
    }
    const { name = id, metadata } = options;
    const record = newRecord(id, { name, metadata }, this.#now());
    await this.#store.insert({ ...record, hash: this.#hasher.hash(key) });
    return record;
  }

  /** Whether `verify` accepts the key. */
  async validateKey(key: string): Promise<boolean> {
    return (await this.verify(key)).ok;
  }

  /** Forgets a key, record and all; `false` when it isn't there. To end a key and keep its record: `revoke`. */
  async removeKey(key: string): Promise<boolean> {
    const id = typeof key === 'string' ? idOf(key) : undefined;
    if (id === undefined) return false;
    const found = await this.#store.find(id);
    return this.#hasher.matches(key, found?.hash) && (await this.#store.delete(id));
  }

  /** The keys that aren't revoked, oldest first, without the keys themselves. */
  async listKeys(): Promise<readonly ListedKey[]> {
    return (await this.list())
      .filter((record) => record.revokedAt === null)
      .map(({ id, name, createdAt, lastUsedAt, useCount, metadata }) => ({
        id,
        name,
        createdAt,
        lastUsedAt,
        usageCount: useCount,
        metadata,
      }));
  }

  /** Stores the use counts and closes the store. */
  async close(): Promise<void> {
    try {
      await this.#uses.flush();
    } finally {
      await this.#store.close();
    }
  }

  /** Never goes back, so that a clock set back revives no expired key. */
  #now(): number {
    this.#latest = Math.max(this.#latest, this.#clock());
    return this.#latest;
  }
}

/** Under which id a credential would be stored; `undefined` when it can't be a key. */
function idOf(credential: string): string | undefined {
  if (!isCredential(credential)) return undefined;
  return hasKeyPrefix(credential) ? parseKey(credential)?.id : chosenKeyId(credential);
}
