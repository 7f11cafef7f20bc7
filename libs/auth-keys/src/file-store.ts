import { resolve } from 'node:path';
import { Journal } from './journal.js';
import { KeyStoreError } from './key-store-error.js';
import type { ApiKeyChange, ApiKeyStore, StoredApiKey } from './key-store.js';
import { acquireLock } from './lock-file.js';
import { matching, parseStoredKey, toObject, whole } from './parse-stored-key.js';
import { ensurePrivateFile } from './private-file.js';
import { errorText, toStorageError } from './storage-error.js';
import { byAge, changeKey, copyKey, countUses } from './stored-key.js';

export interface FileApiKeyStoreOptions {
  /** Called with a sentence about what was repaired or put off: a torn tail, a failed clean-up. @default nothing */
  readonly onWarning?: ((message: string) => void) | undefined;
}

const FORMAT = 'mcli-api-keys';
const VERSION = 1;
const HEADER = JSON.stringify({ format: FORMAT, version: VERSION });
/** The file is written anew when it has this many lines and three for each key. */
const SLACK_LINES = 1000;

/**
 * Keeps keys in one file, with nothing but Node: a journal to which every change is appended and synced before
 * it is acknowledged, written anew when it has grown. One process at a time.
 *
 * The first line is `{"format":"mcli-api-keys","version":1}`; each further one is `{"put":<StoredApiKey>}`,
 * `{"delete":<id>}` or `{"use":<id>,"count":<n>,"at":<ms>}`.
 */
export class FileApiKeyStore implements ApiKeyStore {
  readonly durable = true;
  readonly #path: string;
  readonly #keys = new Map<string, StoredApiKey>();
  readonly #journal: Journal;
  readonly #release: () => void;
  readonly #onWarning: (message: string) => void;
  #closed = false;
  /** No tidying below this many lines: after a failure it is put off. */
  #tidyFrom = 0;

  /**
   * @param path the file, made with mode 0600 (its folder with 0700) when missing. Beside it stands `<path>.lock`.
   * @throws KeyStoreError `locked`, `corrupt` with the line's number, `newer_schema`, `insecure_permissions` or
   *   `storage_unavailable`
   */
  constructor(path: string, options: FileApiKeyStoreOptions = {}) {
    this.#path = resolve(path);
    this.#onWarning = options.onWarning ?? (() => undefined);
    ensurePrivateFile(this.#path);
    try {
      this.#release = acquireLock(`${this.#path}.lock`);
    } catch (error) {
      throw toStorageError(`The key store '${this.#path}' can't be locked`, error);
    }
    try {
      this.#journal = new Journal(this.#path, HEADER, (value, line) => this.#replay(value, line), this.#onWarning);
      this.#tidy();
    } catch (error) {
      this.#release();
      throw toStorageError(`The key store '${this.#path}' can't be opened`, error);
    }
  }

  async insert(key: StoredApiKey): Promise<void> {
    this.#checkOpen();
    if (this.#keys.has(key.id)) throw new KeyStoreError('id_taken', `There is a key '${key.id}' already.`);
    this.#put(copyKey(key));
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
    this.#put(changed);
    return changed;
  }

  async addUses(id: string, uses: number, lastUsedAt: number): Promise<void> {
    this.#checkOpen();
    const key = this.#keys.get(id);
    if (key === undefined) return;
    this.#journal.append({ use: id, count: uses, at: lastUsedAt }, { durable: false });
    this.#keys.set(id, countUses(key, uses, lastUsedAt));
    this.#tidy();
  }

  async delete(id: string): Promise<boolean> {
    this.#checkOpen();
    if (!this.#keys.has(id)) return false;
    this.#journal.append({ delete: id }, { durable: true });
    this.#keys.delete(id);
    this.#tidy();
    return true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#journal.close();
    this.#release();
  }

  #put(key: StoredApiKey): void {
    this.#journal.append({ put: key }, { durable: true });
    this.#keys.set(key.id, key);
    this.#tidy();
  }

  #replay(value: unknown, line: number): void {
    const entry = toObject(value, 'line');
    if (line === 1) {
      this.#checkHeader(entry);
    } else if ('put' in entry) {
      const key = copyKey(parseStoredKey(entry['put']));
      this.#keys.set(key.id, key);
    } else if ('delete' in entry) {
      this.#keys.delete(matching(entry, 'delete', /^/));
    } else {
      const key = this.#keys.get(matching(entry, 'use', /^/));
      if (key !== undefined) this.#keys.set(key.id, countUses(key, whole(entry, 'count'), whole(entry, 'at')));
    }
  }

  #checkHeader(header: Readonly<Record<string, unknown>>): void {
    if (header['format'] !== FORMAT) throw new TypeError('this is no key store');
    if (whole(header, 'version') > VERSION) {
      throw new KeyStoreError(
        'newer_schema',
        `'${this.#path}' has format version ${String(header['version'])}; this program knows versions up to ${VERSION}. Use a newer program.`,
      );
    }
  }

  /** Writes the file anew when most of its lines are history. That it can't is no reason to refuse the change. */
  #tidy(): void {
    const { lines } = this.#journal;
    if (lines < Math.max(SLACK_LINES + 3 * this.#keys.size, this.#tidyFrom)) return;
    try {
      this.#journal.rewrite(Array.from(this.#keys.values(), (put) => ({ put })));
    } catch (error) {
      this.#tidyFrom = lines + SLACK_LINES;
      this.#onWarning(errorText(error));
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new KeyStoreError('storage_unavailable', 'The key store is closed.');
  }
}
