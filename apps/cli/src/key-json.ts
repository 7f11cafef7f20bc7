import type { ApiKeyRecord } from '@mcli/auth-keys';

const seconds = (milliseconds: number | null) => (milliseconds === null ? null : Math.floor(milliseconds / 1000));

/** A key's record as `--json` prints it: times in Unix seconds, no secret. */
export function keyJson(record: ApiKeyRecord) {
  return {
    id: record.id,
    name: record.name,
    type: record.type,
    scopes: record.scopes,
    models: record.models,
    created_at: seconds(record.createdAt),
    expires_at: seconds(record.expiresAt),
    revoked_at: seconds(record.revokedAt),
    last_used_at: seconds(record.lastUsedAt),
    use_count: record.useCount,
    ...(record.damaged === undefined ? {} : { damaged: record.damaged }),
  };
}
