import fc from 'fast-check';
import { inspect } from 'node:util';
import { generateKey } from './key-format.js';
import { KeyManager } from './key-manager.js';
import type { KeyManagerOptions } from './key-manager.js';
import { KeyStoreError } from './key-store-error.js';
import { MemoryApiKeyStore } from './memory-store.js';
import { INFERENCE_SCOPES } from './scopes.js';

const LONG_KEY = 'sk-a-key-of-my-own-choice-01';

describe('KeyManager', () => {
  it('accepts the key it made and says whose it is', async () => {
    const keys = new KeyManager();
    const { key, record } = await keys.create({ name: 'laptop', models: ['m'], metadata: { team: 'red' } });
    expect(await keys.verify(key)).toEqual({
      ok: true,
      caller: { id: record.id, rootId: record.id, scopes: INFERENCE_SCOPES, models: ['m'] },
      record,
    });
    expect(record).toMatchObject({ name: 'laptop', type: 'inference', metadata: { team: 'red' }, revokedAt: null });
  });

  it('gives an inference key no admin scope and an admin key no inference scope by itself', async () => {
    const keys = new KeyManager();
    const inference = await keys.create({ name: 'a' });
    const admin = await keys.create({ name: 'b', type: 'admin' });
    expect(inference.key).toMatch(/^mcli_/);
    expect(inference.record.scopes).toEqual([
      'models:read',
      'chat:create',
      'completions:create',
      'embeddings:create',
      'usage:read:self',
    ]);
    expect(admin.key).toMatch(/^mclia_/);
    expect(admin.record.scopes).toEqual(['keys:read', 'keys:write', 'usage:read', 'metrics:read']);
  });

  it.each([
    ['missing', undefined],
    ['missing', ''],
    ['malformed', 'x'.repeat(201)],
    ['malformed', 'line\nbreak'],
    ['malformed', ' space'],
    ['malformed', 'schlüssel'],
    ['malformed', 'mcli_short'],
    ['malformed', `mcli_${'0'.repeat(12)}_${'0'.repeat(49)}`],
    ['unknown', 'x'.repeat(200)],
    ['unknown', generateKey('inference').key],
    ['unknown', "' OR 1=1 --"],
  ] as const)('says %s for %j', async (reason, credential) => {
    const keys = new KeyManager();
    await keys.create({ name: 'another' });
    expect(await keys.verify(credential)).toEqual({ ok: false, reason });
  });

  it('refuses a known id with another secret', async () => {
    const keys = new KeyManager();
    const { record } = await keys.create({ name: 'victim' });
    const { id, key } = generateKey('inference');
    const store = new MemoryApiKeyStore();
    const others = new KeyManager(store);
    await others.addKey(key);
    const [stolen] = await store.list();
    expect(stolen?.id).toBe(id);
    await store.delete(id);
    if (stolen) await store.insert({ ...stolen, hash: { ...stolen.hash, digest: 'ab'.repeat(32) } });
    expect(await others.verify(key)).toEqual({ ok: false, reason: 'unknown' });
    expect(await keys.get(record.id)).toMatchObject({ useCount: 0 });
  });

  it('asks the store for nothing that has not the form of a key', async () => {
    const store = new RecordingStore();
    const keys = new KeyManager(store);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
        const verdict = await keys.verify(text);
        expect(verdict.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
    for (const id of store.asked) expect(id).toMatch(/^[0-9A-Za-z]{12}$/);
  });

  it('refuses a revoked key for ever, and tells so only who has the secret', async () => {
    const keys = new KeyManager();
    const { key, record } = await keys.create({ name: 'a' });
    expect(await keys.revoke(record.id)).toBe(true);
    expect(await keys.verify(key)).toEqual({ ok: false, reason: 'revoked' });
    expect(await keys.verify(generateKey('inference').key)).toEqual({ ok: false, reason: 'unknown' });
    expect(await keys.get(record.id)).toMatchObject({ revokedAt: expect.any(Number) });
  });

  it('keeps the first moment when a key is revoked twice, and knows no unknown one', async () => {
    const { keys, at } = withClock();
    const { record } = await keys.create({ name: 'a' });
    at(1000);
    await keys.revoke(record.id);
    at(2000);
    expect(await keys.revoke(record.id)).toBe(true);
    expect((await keys.get(record.id))?.revokedAt).toBe(1000);
    expect(await keys.revoke('nobody000000')).toBe(false);
  });

  it('refuses a key from the moment it ends', async () => {
    const { keys, at } = withClock();
    const { key } = await keys.create({ name: 'a', expiresInMs: 1000 });
    const other = await keys.create({ name: 'b', expiresAt: 1000 });
    at(999);
    expect([await keys.validateKey(key), await keys.validateKey(other.key)]).toEqual([true, true]);
    at(1000);
    expect(await keys.verify(key)).toEqual({ ok: false, reason: 'expired' });
    expect(await keys.verify(other.key)).toEqual({ ok: false, reason: 'expired' });
  });

  it('revives no expired key when the clock is set back', async () => {
    const { keys, at } = withClock();
    const { key } = await keys.create({ name: 'a', expiresInMs: 1000 });
    at(5000);
    await keys.verify(key);
    at(10);
    expect(await keys.verify(key)).toEqual({ ok: false, reason: 'expired' });
  });

  it('lists every key, oldest first, without what is kept of the secret', async () => {
    const { keys, at } = withClock();
    const first = await keys.create({ name: 'first' });
    at(1);
    const second = await keys.create({ name: 'second' });
    await keys.revoke(first.record.id);
    const list = await keys.list();
    expect(list.map(({ name }) => name)).toEqual(['first', 'second']);
    const shown = inspect(
      [list, await keys.listKeys(), await keys.get(second.record.id), await keys.verify(second.key), keys],
      {
        depth: 9,
        showHidden: true,
      },
    );
    for (const { key } of [first, second]) expect(shown).not.toContain(key.slice(-49));
    expect(shown).not.toMatch(/digest|sha256/);
  });

  it('counts accepted uses, and refused ones not', async () => {
    const { keys, at } = withClock();
    const { key, record } = await keys.create({ name: 'a' });
    at(7);
    await Promise.all(Array.from({ length: 5 }, () => keys.verify(key)));
    await keys.verify(`${key.slice(0, -1)}!`);
    expect(await keys.get(record.id)).toMatchObject({ useCount: 5, lastUsedAt: 7 });
    await keys.revoke(record.id);
    await keys.verify(key);
    expect((await keys.get(record.id))?.useCount).toBe(5);
  });

  it('keeps uses that could not be stored for the next time', async () => {
    const store = new RecordingStore();
    const keys = new KeyManager(store);
    const { key, record } = await keys.create({ name: 'a' });
    await keys.verify(key);
    store.failing = true;
    await expect(keys.list()).rejects.toMatchObject({ code: 'storage_unavailable' });
    store.failing = false;
    await keys.verify(key);
    expect((await keys.get(record.id))?.useCount).toBe(2);
  });

  it('stores uses by itself after a while', async () => {
    const store = new MemoryApiKeyStore();
    const keys = new KeyManager(store);
    const { key, record } = await keys.create({ name: 'a' });
    await keys.verify(key);
    for (let tries = 0; tries < 100 && (await store.find(record.id))?.useCount === 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await store.find(record.id))?.useCount).toBe(1);
  });

  it('throws instead of accepting when the store fails', async () => {
    const store = new RecordingStore();
    const keys = new KeyManager(store);
    const { key } = await keys.create({ name: 'a' });
    store.failing = true;
    await expect(keys.verify(key)).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(keys.validateKey(key)).rejects.toBeInstanceOf(KeyStoreError);
  });

  it('stores what it counted when it is closed', async () => {
    const store = new RecordingStore();
    const keys = new KeyManager(store);
    const { key, record } = await keys.create({ name: 'a' });
    await keys.verify(key);
    await keys.close();
    expect(store.uses.get(record.id)).toBe(1);
    await expect(keys.list()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('says when a key was kept with a pepper that it has not', async () => {
    const store = new MemoryApiKeyStore();
    const { key } = await new KeyManager(store, { pepper: 'sixteen bytes or more' }).create({ name: 'a' });
    expect(await new KeyManager(store).verify(key)).toEqual({ ok: false, reason: 'wrong_pepper' });
    expect(await new KeyManager(store, { pepper: 'sixteen bytes or more' }).validateKey(key)).toBe(true);
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: '  ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'line\nbreak' }],
    ['type', { name: 'a', type: 'root' }],
    ['scope', { name: 'a', scopes: ['everything'] }],
    ['scope', { name: 'a', scopes: ['admin:*'] }],
    ['keys:write', { name: 'a', scopes: ['keys:write'] }],
    ['models', { name: 'a', models: [''] }],
    ['models', { name: 'a', models: 'all' }],
    ['metadata.deep', { name: 'a', metadata: { deep: {} } }],
    ['metadata', { name: 'a', metadata: { long: 'x'.repeat(4096) } }],
    ['future', { name: 'a', expiresAt: 1 }],
    ['future', { name: 'a', expiresInMs: 0 }],
    ['future', { name: 'a', expiresInMs: Number.NaN }],
    ['exclude', { name: 'a', expiresInMs: 5, expiresAt: Date.now() + 5 }],
  ])('makes no key with a bad %s: %j', async (word, key) => {
    const keys = new KeyManager();
    await expect(keys.create(key as Parameters<typeof keys.create>[0])).rejects.toThrow(word);
    expect(await keys.list()).toEqual([]);
  });
});

describe('caller-chosen keys', () => {
  it('are added, checked, listed and removed', async () => {
    const keys = new KeyManager();
    await keys.addKey('my-key', { name: 'mine', metadata: { plan: 'free' } });
    expect([await keys.validateKey('my-key'), await keys.validateKey('my-kez')]).toEqual([true, false]);
    expect(await keys.listKeys()).toEqual([
      {
        id: expect.stringMatching(/^[0-9A-Za-z]{12}$/),
        name: 'mine',
        createdAt: expect.any(Number),
        lastUsedAt: expect.any(Number),
        usageCount: 1,
        metadata: { plan: 'free' },
      },
    ]);
    expect(await keys.removeKey('my-key')).toBe(true);
    expect(await keys.removeKey('my-key')).toBe(false);
    expect(await keys.validateKey('my-key')).toBe(false);
    expect(await keys.listKeys()).toEqual([]);
    await keys.addKey('my-key');
    expect(await keys.validateKey('my-key')).toBe(true);
  });

  it('can be any printable text', async () => {
    const printable = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 200 })
      .filter((text) => text.trim() === text);
    await fc.assert(
      fc.asyncProperty(printable, printable, async (one, other) => {
        const keys = new KeyManager();
        await keys.addKey(one);
        expect(await keys.validateKey(one)).toBe(true);
        expect(await keys.validateKey(other)).toBe(one === other);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused when they are there already', async () => {
    const keys = new KeyManager();
    await keys.addKey(LONG_KEY);
    await expect(keys.addKey(LONG_KEY)).rejects.toMatchObject({ code: 'id_taken' });
  });

  it('need 20 characters where they are kept', async () => {
    const keys = new KeyManager(new DurableStore());
    await expect(keys.addKey('x'.repeat(19))).rejects.toThrow('at least 20 characters; this one has 19');
    await keys.addKey(LONG_KEY);
    expect(await keys.validateKey(LONG_KEY)).toBe(true);
  });

  it.each(['', ' ', 'x'.repeat(201), 'tab\there', 'mcli_mine', `mclia_${'0'.repeat(12)}_${'0'.repeat(49)}`])(
    'are not %j',
    async (key) => {
      await expect(new KeyManager().addKey(key)).rejects.toBeInstanceOf(TypeError);
    },
  );

  it('are never admin keys', async () => {
    await expect(new KeyManager().addKey(generateKey('admin').key)).rejects.toThrow('admin');
  });

  it('can be a key made elsewhere, under its own id', async () => {
    const { id, key } = generateKey('inference');
    const keys = new KeyManager();
    expect((await keys.addKey(key)).id).toBe(id);
    expect(await keys.validateKey(key)).toBe(true);
  });

  it('are not named in an error', async () => {
    const keys = new KeyManager(new DurableStore());
    const key = 'hush-hush-hush';
    const error: unknown = await keys.addKey(key).catch((reason: unknown) => reason);
    expect(inspect(error)).not.toContain(key);
  });

  it('are removed only by who has the whole key', async () => {
    const keys = new KeyManager();
    const { key, record } = await keys.create({ name: 'a' });
    expect(await keys.removeKey(record.id)).toBe(false);
    expect(await keys.removeKey(generateKey('inference').key)).toBe(false);
    expect(await keys.removeKey(key)).toBe(true);
  });
});

class DurableStore extends MemoryApiKeyStore {
  override readonly durable: boolean = true;
}

/** A memory store that notes what it is asked and fails when told to. */
class RecordingStore extends MemoryApiKeyStore {
  failing = false;
  readonly asked: string[] = [];
  readonly uses = new Map<string, number>();

  override async find(id: string) {
    this.asked.push(id);
    this.#failIfTold();
    return super.find(id);
  }

  override async addUses(id: string, uses: number, lastUsedAt: number) {
    this.#failIfTold();
    this.uses.set(id, uses);
    return super.addUses(id, uses, lastUsedAt);
  }

  #failIfTold() {
    if (this.failing) throw new KeyStoreError('storage_unavailable', 'The disk is gone.');
  }
}

function withClock(options: KeyManagerOptions = {}) {
  let now = 0;
  const keys = new KeyManager(new MemoryApiKeyStore(), { ...options, now: () => now });
  return { keys, at: (moment: number) => (now = moment) };
}
