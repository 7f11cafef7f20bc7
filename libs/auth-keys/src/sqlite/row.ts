import { KeyStoreError } from '../key-store-error.js';
import type { StoredApiKey } from '../key-store.js';
import { parseStoredKey } from '../parse-stored-key.js';
import { errorText } from '../storage-error.js';

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

/** @throws KeyStoreError `corrupt` the row holds what no store wrote */
export function fromRow(value: unknown): StoredApiKey {
  const row: Readonly<Record<string, unknown>> = Object(value);
  try {
    return parseStoredKey({
      id: row['id'],
      rootId: row['root_id'],
      type: row['type'],
      name: row['name'],
      metadata: fromJson(row['metadata']),
      scopes: fromJson(row['scopes']),
      models: fromJson(row['models']),
      createdAt: row['created_at'],
      expiresAt: row['expires_at'],
      revokedAt: row['revoked_at'],
      useCount: row['use_count'],
      lastUsedAt: row['last_used_at'],
      hash: { algorithm: row['hash_algorithm'], pepperId: row['pepper_id'], digest: row['digest'] },
    });
  } catch (error) {
    const reason = errorText(error);
    throw new KeyStoreError('corrupt', `The row of key '${String(row['id'])}' is damaged: ${reason}`, { cause: error });
  }
}

/** Whether a row is a key's, and not the one that stands for nobody. */
export function isPresent(value: unknown): boolean {
  return Object(value).present === 1;
}

function fromJson(value: unknown): unknown {
  return value === null ? null : JSON.parse(String(value));
}
