import type { KeyManager } from '@mcli/auth-keys';

/** Does something with the keys of `MCLI_HOME`, and closes their store. */
export async function withKeys<T>(work: (keys: KeyManager) => Promise<T>): Promise<T> {
  const { mcliHome, openKeys } = await import('@mcli/model-server');
  const keys = await openKeys(mcliHome());
  try {
    return await work(keys);
  } finally {
    await keys.close();
  }
}
