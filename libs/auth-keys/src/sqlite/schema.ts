import { KeyStoreError } from '../key-store-error.js';
import { inTransaction } from './in-transaction.js';
import type { Database } from './libsql.js';
import { isBusy } from './sqlite-error.js';

const BUSY_TIMEOUT_MS = 5000;

/**
 * The steps from an empty file to today's tables. A step that was released is never changed, only followed.
 *
 * The version is kept under a name of its own in `schema_versions`, so that other stores can live in the
 * same file.
 */
const MIGRATIONS = [
  `CREATE TABLE api_keys (
     id TEXT PRIMARY KEY,
     root_id TEXT NOT NULL,
     type TEXT NOT NULL CHECK (type IN ('inference', 'admin')),
     hash_algorithm TEXT NOT NULL CHECK (hash_algorithm IN ('sha256', 'hmac-sha256')),
     pepper_id TEXT,
     digest TEXT NOT NULL CHECK (length(digest) = 64),
     name TEXT NOT NULL,
     metadata TEXT NOT NULL,
     scopes TEXT NOT NULL,
     models TEXT,
     created_at INTEGER NOT NULL,
     expires_at INTEGER,
     revoked_at INTEGER,
     use_count INTEGER NOT NULL DEFAULT 0,
     last_used_at INTEGER
   ) STRICT;
   CREATE INDEX api_keys_by_age ON api_keys (created_at, id);`,
];

const COMPONENT = 'auth-keys';

/**
 * Sets a connection up and brings its tables up to date.
 *
 * @throws KeyStoreError `newer_schema` the file is a newer version's; nothing was changed
 */
export function prepareDatabase(database: Database, path: string): void {
  database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  // Entering WAL mode does not wait for the lock by itself.
  whenFree(() => database.pragma('journal_mode = WAL'));
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  if (versionOf(database, path) === MIGRATIONS.length) return;
  inTransaction(database, () => {
    const from = versionOf(database, path);
    database.exec(
      'CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT',
    );
    for (const migration of MIGRATIONS.slice(from)) database.exec(migration);
    database.prepare('INSERT OR REPLACE INTO schema_versions VALUES (?, ?)').run(COMPONENT, MIGRATIONS.length);
  });
}

function versionOf(database: Database, path: string): number {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'").get();
  if (table === undefined) return 0;
  const row: unknown = database.prepare('SELECT version FROM schema_versions WHERE component = ?').get(COMPONENT);
  if (typeof row !== 'object' || row === null || !('version' in row)) return 0;
  const version = Number(row.version);
  if (version > MIGRATIONS.length) {
    throw new KeyStoreError(
      'newer_schema',
      `'${path}' holds keys of schema version ${version}; this program knows versions up to ${MIGRATIONS.length}. Use a newer program.`,
    );
  }
  return version;
}

function whenFree(act: () => void): void {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return act();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
