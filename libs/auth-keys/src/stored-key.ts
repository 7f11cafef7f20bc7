import type { ApiKeyChange, ApiKeyRecord, KeyHash, StoredApiKey } from './key-store.js';

/** A frozen copy that shares nothing with its source. */
export function copyKey(key: StoredApiKey): StoredApiKey {
  return Object.freeze({
    ...key,
    metadata: Object.freeze({ ...key.metadata }),
    scopes: Object.freeze([...key.scopes]),
    models: key.models && Object.freeze([...key.models]),
    hash: Object.freeze({ ...key.hash }),
  });
}

/** The key with a change applied; fields that are absent or `undefined` stay. */
export function changeKey(key: StoredApiKey, change: ApiKeyChange): StoredApiKey {
  return copyKey({
    ...key,
    name: change.name ?? key.name,
    metadata: change.metadata ?? key.metadata,
    scopes: change.scopes ?? key.scopes,
    models: change.models === undefined ? key.models : change.models,
    expiresAt: change.expiresAt === undefined ? key.expiresAt : change.expiresAt,
    revokedAt: change.revokedAt === undefined ? key.revokedAt : change.revokedAt,
  });
}

/** The key with uses added. */
export function countUses(key: StoredApiKey, uses: number, lastUsedAt: number): StoredApiKey {
  return copyKey({
    ...key,
    useCount: key.useCount + uses,
    lastUsedAt: Math.max(key.lastUsedAt ?? lastUsedAt, lastUsedAt),
  });
}

/** The key without what is kept of its secret. */
export function toRecord(key: StoredApiKey): ApiKeyRecord {
  const record: ApiKeyRecord & { hash?: KeyHash } = { ...key };
  delete record.hash;
  return record;
}

/** The order of lists: oldest first, then by id. */
export function byAge(a: ApiKeyRecord, b: ApiKeyRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
