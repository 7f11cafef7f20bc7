import type { ApiKeyChange, StoredApiKey } from '../key-store.js';
import { parseStoredKey } from '../parse-stored-key.js';
import { errorText } from '../storage-error.js';
import { salvageKey } from './salvage-key.js';

/** A key's columns, as they are bound by name. */
export type Row = ReturnType<typeof toRow>;

export function toRow(key: StoredApiKey) {
  return {
    id: key.id,
    root_id: key.rootId,
    type: key.type,
    hash_algorithm: key.hash.algorithm,
    pepper_id: key.hash.pepperId,
    digest: key.hash.digest,
    name: key.name,
    metadata: JSON.stringify(key.metadata),
    scopes: JSON.stringify(key.scopes),
    models: key.models && JSON.stringify(key.models),
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    use_count: key.useCount,
    last_used_at: key.lastUsedAt,
  };
}

/** The key of a row; with `damaged` when the row holds what no store wrote. */
export function fromRow(value: unknown): StoredApiKey {
  const row: Readonly<Record<string, unknown>> = Object(value);
  try {
    return parseStoredKey({
      id: row['id'],
      rootId: row['root_id'],
      type: row['type'],
      name: row['name'],
      metadata: fromJson(row, 'metadata'),
      scopes: fromJson(row, 'scopes'),
      models: fromJson(row, 'models'),
      createdAt: row['created_at'],
      expiresAt: row['expires_at'],
      revokedAt: row['revoked_at'],
      useCount: row['use_count'],
      lastUsedAt: row['last_used_at'],
      hash: { algorithm: row['hash_algorithm'], pepperId: row['pepper_id'], digest: row['digest'] },
    });
  } catch (error) {
    return salvageKey(row, errorText(error));
  }
}

/** The columns that a change can touch, with the id that finds their row. */
export type ChangeableColumns = Pick<
  Row,
  'id' | 'name' | 'metadata' | 'scopes' | 'models' | 'expires_at' | 'revoked_at'
>;

/**
 * A row's columns after a change. What the change leaves out stays as it is stored, even where it is damaged.
 *
 * @param before the row as it was read
 * @param after the row of the changed key
 */
export function changeColumns(before: unknown, after: Row, change: ApiKeyChange): ChangeableColumns {
  const stored: ChangeableColumns = Object(before);
  return {
    id: after.id,
    name: change.name === undefined ? stored.name : after.name,
    metadata: change.metadata === undefined ? stored.metadata : after.metadata,
    scopes: change.scopes === undefined ? stored.scopes : after.scopes,
    models: change.models === undefined ? stored.models : after.models,
    expires_at: change.expiresAt === undefined ? stored.expires_at : after.expires_at,
    revoked_at: change.revokedAt === undefined ? stored.revoked_at : after.revoked_at,
  };
}

/** Whether a row is a key's, and not the one that stands for nobody. */
export function isPresent(value: unknown): boolean {
  return Object(value).present === 1;
}

function fromJson(row: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = row[name];
  try {
    return value === null ? null : JSON.parse(String(value));
  } catch (error) {
    throw new TypeError(`${name} is no JSON`, { cause: error });
  }
}
