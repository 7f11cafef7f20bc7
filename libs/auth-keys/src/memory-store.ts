import { KeyStoreError } from './key-store-error.js';
import type { ApiKeyChange, ApiKeyStore, StoredApiKey } from './key-store.js';
import { byAge, changeKey, copyKey, countUses } from './stored-key.js';

/** Keeps keys in this process's memory: for tests, and for keys that are made anew at each start. */
export class MemoryApiKeyStore implements ApiKeyStore {
  readonly durable: boolean = false;
  readonly #keys = new Map<string, StoredApiKey>();
  #closed = false;

  async insert(key: StoredApiKey): Promise<void> {
    this.#checkOpen();
    if (this.#keys.has(key.id)) throw new KeyStoreError('id_taken', `There is a key '${key.id}' already.`);
    this.#keys.set(key.id, copyKey(key));
  }

  async find(id: string): Promise<StoredApiKey | undefined> {
    this.#checkOpen();
    return this.#keys.get(id);
  }

  async list(): Promise<readonly StoredApiKey[]> {
    this.#checkOpen();
    return [...this.#keys.values()].sort(byAge);
  }

  async update(id: string, change: ApiKeyChange): Promise<StoredApiKey | undefined> {
    this.#checkOpen();
    const key = this.#keys.get(id);
    if (key === undefined) return undefined;
    const changed = changeKey(key, change);
    this.#keys.set(id, changed);
    return changed;
  }

  async addUses(id: string, uses: number, lastUsedAt: number): Promise<void> {
    this.#checkOpen();
    const key = this.#keys.get(id);
    if (key !== undefined) this.#keys.set(id, countUses(key, uses, lastUsedAt));
  }

  async delete(id: string): Promise<boolean> {
    this.#checkOpen();
    return this.#keys.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new KeyStoreError('storage_unavailable', 'The key store is closed.');
  }
}
