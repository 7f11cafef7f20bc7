import type { StoredApiKey } from '../key-store.js';

const UNPROVABLE = { algorithm: 'sha256', pepperId: null, digest: '0'.repeat(64) } as const;

/**
 * What a damaged row still tells: enough to show the key and to end it. Whatever could grant something is empty.
 *
 * @param row the columns by their names
 * @param damaged what is wrong with it, for a person
 */
export function salvageKey(row: Readonly<Record<string, unknown>>, damaged: string): StoredApiKey {
  const id = String(row['id']);
  const digest = row['digest'];
  const sound = row['hash_algorithm'] === 'sha256' && typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
  return {
    id,
    rootId: typeof row['root_id'] === 'string' ? row['root_id'] : id,
    type: row['type'] === 'admin' ? 'admin' : 'inference',
    name: typeof row['name'] === 'string' ? row['name'] : '',
    metadata: {},
    scopes: [],
    models: [],
    createdAt: moment(row['created_at']) ?? 0,
    expiresAt: moment(row['expires_at']),
    revokedAt: moment(row['revoked_at']),
    useCount: moment(row['use_count']) ?? 0,
    lastUsedAt: moment(row['last_used_at']),
    hash: sound ? { ...UNPROVABLE, digest } : UNPROVABLE,
    damaged,
  };
}

/** A date goes no further than this many milliseconds. */
const LAST_MOMENT = 8.64e15;

function moment(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= LAST_MOMENT ? value : null;
}
