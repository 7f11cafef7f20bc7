import type { StoredApiKey } from '../key-store.js';

/** A key as a store keeps it, with an id of its own each time. For tests of stores. */
export function aStoredKey(changes: Partial<StoredApiKey> = {}): StoredApiKey {
  const id = changes.id ?? `test${String((made += 1)).padStart(8, '0')}`;
  return {
    id,
    rootId: id,
    type: 'inference',
    name: 'a test key',
    metadata: {},
    scopes: ['models:read'],
    models: null,
    createdAt: 1_760_000_000_000,
    expiresAt: null,
    revokedAt: null,
    useCount: 0,
    lastUsedAt: null,
    hash: { algorithm: 'sha256', pepperId: null, digest: 'ab'.repeat(32) },
    ...changes,
  };
}

let made = 0;
