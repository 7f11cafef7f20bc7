import type { ApiKeyRecord } from './key-store.js';

/** The keys that should be revoked because what is stored of them is damaged, with what is wrong, for a person. */
export function damagedKeys(
  records: readonly Pick<ApiKeyRecord, 'id' | 'damaged' | 'revokedAt'>[],
): readonly { readonly id: string; readonly damaged: string }[] {
  return records.flatMap(({ id, damaged, revokedAt }) =>
    damaged === undefined || revokedAt !== null ? [] : [{ id, damaged }],
  );
}
