import type { ApiKeyStore, StoredApiKey } from '../key-store.js';
import { aStoredKey } from './a-stored-key.js';
import type { TestTools } from './test-tools.js';

export interface ContractOptions {
  /**
   * A second store over what the first one holds, for durable stores. The first is closed before.
   *
   * @default none: nothing about durability is tested
   */
  readonly reopen?: ((store: ApiKeyStore) => Promise<ApiKeyStore>) | undefined;
  /**
   * A second store over the same place while the first is open, as another process would have it.
   *
   * @default none: nothing about sharing is tested
   */
  readonly share?: ((store: ApiKeyStore) => Promise<ApiKeyStore>) | undefined;
}

/**
 * Registers the tests that every `ApiKeyStore` passes. Call it inside a `describe`.
 *
 * @param createStore an empty store each time; the contract closes it
 */
export function apiKeyStoreContract(
  { it, expect }: TestTools,
  createStore: () => Promise<ApiKeyStore>,
  options: ContractOptions = {},
): void {
  const { reopen, share } = options;

  function check(title: string, test: (store: ApiKeyStore) => Promise<void>): void {
    it(title, async () => {
      const store = await createStore();
      try {
        await test(store);
      } finally {
        await store.close();
      }
    });
  }

  async function inserted(store: ApiKeyStore, changes?: Partial<StoredApiKey>): Promise<StoredApiKey> {
    const key = aStoredKey(changes);
    await store.insert(key);
    return key;
  }

  check('is empty at first', async (store) => {
    expect(await store.list()).toEqual([]);
  });

  check('finds what was inserted, field by field', async (store) => {
    const key = await inserted(store, fullKey());
    expect(await store.find(key.id)).toEqual(key);
  });

  check('keeps absent things apart from empty ones', async (store) => {
    const none = await inserted(store, { models: null, expiresAt: null, lastUsedAt: null, metadata: {}, scopes: [] });
    const empty = await inserted(store, { models: [] });
    expect(await store.find(none.id)).toEqual(none);
    expect((await store.find(empty.id))?.models).toEqual([]);
  });

  check('finds nothing for an unknown id', async (store) => {
    await inserted(store);
    expect(await store.find('nobody000000')).toBe(undefined);
  });

  check('tells ids apart by letter case', async (store) => {
    const lower = await inserted(store, { id: 'aaaaaaaaaaaa', rootId: 'aaaaaaaaaaaa', name: 'lower' });
    const upper = await inserted(store, { id: 'AAAAAAAAAAAA', rootId: 'AAAAAAAAAAAA', name: 'upper' });
    expect((await store.find(lower.id))?.name).toBe('lower');
    expect((await store.find(upper.id))?.name).toBe('upper');
  });

  for (const [what, id] of HOSTILE_IDS) {
    check(`finds, changes and deletes nothing for ${what} as an id`, async (store) => {
      const key = await inserted(store);
      expect(await store.find(id)).toBe(undefined);
      expect(await store.update(id, { name: 'changed' })).toBe(undefined);
      expect(await store.delete(id)).toBe(false);
      expect(await store.list()).toEqual([key]);
    });
  }

  check('refuses an id twice and keeps the first', async (store) => {
    const key = await inserted(store, { name: 'first' });
    await expect(store.insert({ ...key, name: 'second' })).rejects.toMatchObject({ code: 'id_taken' });
    expect((await store.list()).map(({ name }) => name)).toEqual(['first']);
  });

  check('lists by age, then by id', async (store) => {
    await inserted(store, { id: 'bbbbbbbbbbbb', createdAt: 2 });
    await inserted(store, { id: 'cccccccccccc', createdAt: 1 });
    await inserted(store, { id: 'aaaaaaaaaaaa', createdAt: 2 });
    expect((await store.list()).map(({ id }) => id)).toEqual(['cccccccccccc', 'aaaaaaaaaaaa', 'bbbbbbbbbbbb']);
  });

  check('lists revoked and expired keys too', async (store) => {
    await inserted(store, { revokedAt: 1 });
    await inserted(store, { expiresAt: 1 });
    expect((await store.list()).length).toBe(2);
  });

  check('keeps any text of a name and of metadata', async (store) => {
    const text = '\u{1f511} "quoted" \\ \' ; DROP TABLE api_keys; -- \u2028 \u202e é\n\t';
    const metadata = { [text]: text, number: -0.5, yes: true, nothing: null };
    const key = await inserted(store, { name: text, metadata });
    expect(await store.find(key.id)).toEqual(key);
  });

  check('keeps the largest moments', async (store) => {
    const key = await inserted(store, { createdAt: 0, expiresAt: Number.MAX_SAFE_INTEGER });
    expect(await store.find(key.id)).toEqual(key);
  });

  check('is not changed through what was given to it', async (store) => {
    const scopes = ['models:read'];
    const metadata = { team: 'red' };
    const key = await inserted(store, { scopes, metadata });
    scopes.push('keys:write');
    metadata.team = 'blue';
    const found = await store.find(key.id);
    expect(found?.scopes).toEqual(['models:read']);
    expect(found?.metadata).toEqual({ team: 'red' });
  });

  check('is not changed through what it gave out', async (store) => {
    const key = await inserted(store);
    const found: { revokedAt: unknown } | undefined = await store.find(key.id);
    try {
      if (found) found.revokedAt = 5;
    } catch {
      // frozen is fine
    }
    expect(await store.find(key.id)).toEqual(key);
  });

  check('does not change what it gave out before', async (store) => {
    const key = await inserted(store, { name: 'before' });
    const found = await store.find(key.id);
    await store.update(key.id, { name: 'after' });
    expect(found?.name).toBe('before');
  });

  check('changes every field that can change, and returns the key as it is', async (store) => {
    const key = await inserted(store);
    const change = {
      name: 'renamed',
      metadata: { team: 'red' },
      scopes: ['chat:create'],
      models: ['a/b'],
      expiresAt: 7,
      revokedAt: 8,
    };
    expect(await store.update(key.id, change)).toEqual({ ...key, ...change });
    expect(await store.find(key.id)).toEqual({ ...key, ...change });
  });

  check('changes only what is named', async (store) => {
    const key = await inserted(store, fullKey());
    await store.update(key.id, { revokedAt: 9, name: undefined, models: undefined, expiresAt: undefined });
    expect(await store.find(key.id)).toEqual({ ...key, revokedAt: 9 });
  });

  check('can take a list of models and an end away again', async (store) => {
    const key = await inserted(store, { models: ['a'], expiresAt: 5 });
    await store.update(key.id, { models: null, expiresAt: null });
    expect(await store.find(key.id)).toEqual({ ...key, models: null, expiresAt: null });
  });

  check('leaves other keys alone when one changes', async (store) => {
    const key = await inserted(store);
    const other = await inserted(store);
    await store.update(key.id, { revokedAt: 1 });
    expect(await store.find(other.id)).toEqual(other);
  });

  check('changes nothing for an unknown id', async (store) => {
    expect(await store.update('nobody000000', { name: 'x' })).toBe(undefined);
    expect(await store.list()).toEqual([]);
  });

  check('cannot be made to change an id, a hash or a type', async (store) => {
    const key = await inserted(store);
    const change: object = {
      id: 'other0000000',
      type: 'admin',
      rootId: 'other0000000',
      hash: { digest: '' },
      useCount: 9,
    };
    await store.update(key.id, change);
    expect(await store.list()).toEqual([key]);
  });

  check('adds uses up and keeps the latest moment', async (store) => {
    const key = await inserted(store);
    await store.addUses(key.id, 2, 500);
    await store.addUses(key.id, 3, 400);
    expect(await store.find(key.id)).toEqual({ ...key, useCount: 5, lastUsedAt: 500 });
  });

  check('adds no uses to an unknown id', async (store) => {
    await store.addUses('nobody000000', 2, 500);
    expect(await store.list()).toEqual([]);
  });

  check('keeps uses when a key changes, and changes when uses are added', async (store) => {
    const key = await inserted(store);
    await store.addUses(key.id, 1, 500);
    await store.update(key.id, { revokedAt: 600 });
    await store.addUses(key.id, 1, 700);
    expect(await store.find(key.id)).toEqual({ ...key, revokedAt: 600, useCount: 2, lastUsedAt: 700 });
  });

  check('forgets what is deleted, once', async (store) => {
    const key = await inserted(store);
    const other = await inserted(store);
    expect(await store.delete(key.id)).toBe(true);
    expect(await store.delete(key.id)).toBe(false);
    expect(await store.find(key.id)).toBe(undefined);
    expect(await store.list()).toEqual([other]);
  });

  check('takes an id again after it was deleted', async (store) => {
    const key = await inserted(store);
    await store.delete(key.id);
    await store.insert({ ...key, name: 'again' });
    expect((await store.find(key.id))?.name).toBe('again');
  });

  check('takes many inserts at once', async (store) => {
    const keys = Array.from({ length: 50 }, () => aStoredKey());
    await Promise.all(keys.map((key) => store.insert(key)));
    expect((await store.list()).length).toBe(50);
  });

  check('lets one of many inserts of an id win', async (store) => {
    const key = aStoredKey();
    const names = Array.from({ length: 20 }, (_, index) => `racer ${index}`);
    const outcomes = await Promise.allSettled(names.map((name) => store.insert({ ...key, name })));
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    expect((await store.find(key.id))?.name).toBe(names[winner]);
  });

  check('loses no use of many added at once', async (store) => {
    const key = await inserted(store);
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.addUses(key.id, 1, index)));
    expect(await store.find(key.id)).toEqual({ ...key, useCount: 50, lastUsedAt: 49 });
  });

  check('loses no change of several made at once', async (store) => {
    const key = await inserted(store);
    await Promise.all([
      store.update(key.id, { name: 'renamed' }),
      store.update(key.id, { scopes: ['chat:create'] }),
      store.update(key.id, { revokedAt: 5 }),
      store.addUses(key.id, 1, 7),
    ]);
    const changed = { name: 'renamed', scopes: ['chat:create'], revokedAt: 5, useCount: 1, lastUsedAt: 7 };
    expect(await store.find(key.id)).toEqual({ ...key, ...changed });
  });

  check('deletes once when asked by many at once', async (store) => {
    const key = await inserted(store);
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.delete(key.id)));
    expect(answers.filter(Boolean).length).toBe(1);
  });

  check('says that it is closed instead of answering', async (store) => {
    const key = await inserted(store);
    await store.close();
    const calls = [
      () => store.insert(aStoredKey()),
      () => store.find(key.id),
      () => store.list(),
      () => store.update(key.id, {}),
      () => store.addUses(key.id, 1, 1),
      () => store.delete(key.id),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  check('can be closed twice', async (store) => {
    await store.close();
    await store.close();
    await expect(store.list()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  check(reopen ? 'says that it is durable' : 'says that it is not durable', async (store) => {
    expect(store.durable).toBe(reopen !== undefined);
  });

  if (reopen) {
    check('has everything again after it was closed', async (store) => {
      const kept = await inserted(store, fullKey());
      const changed = await inserted(store);
      const deleted = await inserted(store);
      await store.update(changed.id, { revokedAt: 3 });
      await store.addUses(changed.id, 4, 5);
      await store.delete(deleted.id);
      const before = await store.list();
      await store.close();
      const again = await reopen(store);
      try {
        expect(await again.list()).toEqual(before);
        expect(await again.find(kept.id)).toEqual(kept);
      } finally {
        await again.close();
      }
    });
  }

  if (share) {
    const both = (title: string, test: (one: ApiKeyStore, two: ApiKeyStore) => Promise<void>) =>
      check(title, async (one) => {
        const two = await share(one);
        try {
          await test(one, two);
        } finally {
          await two.close();
        }
      });

    both('sees at once what another one inserted, changed and deleted', async (one, two) => {
      const key = await inserted(one);
      expect(await two.find(key.id)).toEqual(key);
      await two.update(key.id, { revokedAt: 5 });
      expect((await one.find(key.id))?.revokedAt).toBe(5);
      await one.delete(key.id);
      expect(await two.list()).toEqual([]);
    });

    both('refuses an id that another one inserted', async (one, two) => {
      const key = await inserted(one);
      await expect(two.insert(key)).rejects.toMatchObject({ code: 'id_taken' });
    });

    both('adds uses up with another one', async (one, two) => {
      const key = await inserted(one);
      await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).addUses(key.id, 1, index)));
      expect((await one.find(key.id))?.useCount).toBe(20);
    });
  }
}

const HOSTILE_IDS = [
  ['an empty text', ''],
  ['a piece of SQL', "' OR 1=1 --"],
  ['a path', '../../etc/passwd'],
  ['a name of the language', '__proto__'],
  ['a NUL', 'test\0\0\0\0\0\0\0\0'],
  ['a wildcard', '%'],
  ['zeros', '000000000000'],
] as const;

/** A key with something in every field. */
function fullKey(): Partial<StoredApiKey> {
  return {
    rootId: 'root00000000',
    type: 'admin',
    name: 'full',
    metadata: { team: 'red', seats: 3, paid: false, note: null },
    scopes: ['keys:read', 'keys:write'],
    models: ['smollm2-135m-instruct', 'org/name:tag'],
    createdAt: 1_760_000_000_001,
    expiresAt: 1_860_000_000_002,
    revokedAt: 1_760_000_000_003,
    useCount: 12,
    lastUsedAt: 1_760_000_000_004,
    hash: { algorithm: 'hmac-sha256', pepperId: '0a1b2c3d', digest: '0123456789abcdef'.repeat(4) },
  };
}
