import { resolve } from 'node:path';
import { KeyStoreError } from '../key-store-error.js';
import type { ApiKeyChange, ApiKeyStore, StoredApiKey } from '../key-store.js';
import { ensurePrivateFile } from '../private-file.js';
import { inTransaction } from './in-transaction.js';
import { loadLibsql } from './libsql.js';
import type { DatabaseConstructor, Statement } from './libsql.js';
import { changeColumns, fromRow, isPresent, toRow } from './row.js';
import type { ChangeableColumns, Row } from './row.js';
import { prepareDatabase } from './schema.js';
import { toKeyStoreError } from './sqlite-error.js';
import { changeKey } from '../stored-key.js';

/**
 * Keeps keys in a SQLite database, which several processes may use at once: what one changes, the next
 * `find` of every other sees.
 *
 * WAL with `synchronous = FULL`: a resolved promise means that the change outlives a power cut. A writer
 * waits up to 5 seconds for another one, during which this process does nothing else. Needs the package
 * `libsql`; not for network file systems.
 */
export class SqliteApiKeyStore implements ApiKeyStore {
  readonly durable = true;
  readonly #path: string;
  #statements: Statements | undefined;

  /**
   * @param path the database file, made with mode 0600 (its folder with 0700) when missing. Tables of
   *   others in it are left alone.
   * @param options.Database the default export of `libsql`, from an app that depends on it: wherever npm put it, this
   *   package then finds it. @default that of the package `libsql`, as it is found from here
   * @throws KeyStoreError `insecure_permissions`, `newer_schema`, `corrupt`, `locked` or `storage_unavailable`; Error when
   *   libsql is missing, with what to install
   */
  constructor(path: string, options: { readonly Database?: DatabaseConstructor | undefined } = {}) {
    const Database = options.Database ?? loadLibsql();
    this.#path = resolve(path);
    ensurePrivateFile(this.#path);
    try {
      this.#statements = open(this.#path, Database);
    } catch (error) {
      throw toKeyStoreError(`The key store '${this.#path}' can't be opened`, error, this.#path);
    }
  }

  async insert(key: StoredApiKey): Promise<void> {
    this.#run(({ insert }) => insert.run(toRow(key)));
  }

  async find(id: string): Promise<StoredApiKey | undefined> {
    return this.#run(({ find }) => {
      const row = find.get({ id });
      const key = fromRow(row);
      return isPresent(row) ? key : undefined;
    });
  }

  async list(): Promise<readonly StoredApiKey[]> {
    return this.#run(({ list }) => list.all().map(fromRow));
  }

  async update(id: string, change: ApiKeyChange): Promise<StoredApiKey | undefined> {
    return this.#run(({ update }) => update(id, change));
  }

  async addUses(id: string, uses: number, lastUsedAt: number): Promise<void> {
    this.#run(({ addUses }) => addUses.run({ id, uses, lastUsedAt }));
  }

  async delete(id: string): Promise<boolean> {
    return this.#run(({ remove }) => remove.run({ id }).changes > 0);
  }

  async close(): Promise<void> {
    const statements = this.#statements;
    this.#statements = undefined;
    statements?.close();
  }

  #run<T>(act: (statements: Statements) => T): T {
    if (this.#statements === undefined) throw new KeyStoreError('storage_unavailable', 'The key store is closed.');
    try {
      return act(this.#statements);
    } catch (error) {
      throw toKeyStoreError(`The key store '${this.#path}' failed`, error, this.#path);
    }
  }
}

/** Everything that is ever said to the database, prepared once. Values are bound, never written into the text. */
interface Statements {
  readonly insert: Statement<Row>;
  readonly find: Statement<{ id: string }>;
  readonly list: Statement<[]>;
  readonly update: (id: string, change: ApiKeyChange) => StoredApiKey | undefined;
  readonly addUses: Statement<{ id: string; uses: number; lastUsedAt: number }>;
  readonly remove: Statement<{ id: string }>;
  readonly close: () => void;
}

function open(path: string, Database: DatabaseConstructor): Statements {
  const database = new Database(path);
  prepareDatabase(database, path);
  // Nobody's row comes when there is no other, so that an unknown id takes the time of a known one.
  const find = database.prepare<{ id: string }>(
    `SELECT 1 AS present, * FROM api_keys WHERE id = :id
     UNION ALL
     SELECT 0, '000000000000', '000000000000', 'inference', 'sha256', NULL, printf('%064d', 0), 'nobody', '{}',
       '["models:read","chat:create","completions:create","embeddings:create","usage:read:self"]',
       NULL, 0, NULL, NULL, 0, NULL
     LIMIT 1`,
  );
  const replace = database.prepare<ChangeableColumns>(
    `UPDATE api_keys SET name = :name, metadata = :metadata, scopes = :scopes, models = :models,
       expires_at = :expires_at, revoked_at = :revoked_at
     WHERE id = :id`,
  );
  return {
    find,
    insert: database.prepare<Row>(
      `INSERT INTO api_keys (id, root_id, type, hash_algorithm, pepper_id, digest, name, metadata, scopes, models,
         created_at, expires_at, revoked_at, use_count, last_used_at)
       VALUES (:id, :root_id, :type, :hash_algorithm, :pepper_id, :digest, :name, :metadata, :scopes,
         :models, :created_at, :expires_at, :revoked_at, :use_count, :last_used_at)`,
    ),
    list: database.prepare<[]>('SELECT * FROM api_keys ORDER BY created_at, id'),
    update: (id, change) =>
      inTransaction(database, () => {
        const row = find.get({ id });
        if (!isPresent(row)) return undefined;
        const changed = changeKey(fromRow(row), change);
        replace.run(changeColumns(row, toRow(changed), change));
        return changed;
      }),
    addUses: database.prepare(
      `UPDATE api_keys SET use_count = use_count + :uses, last_used_at = max(ifnull(last_used_at, 0), :lastUsedAt)
       WHERE id = :id`,
    ),
    remove: database.prepare('DELETE FROM api_keys WHERE id = :id'),
    close: () => database.close(),
  };
}
