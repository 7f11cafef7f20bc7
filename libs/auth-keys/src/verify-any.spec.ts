import { KeyManager } from './key-manager.js';
import { KeyStoreError } from './key-store-error.js';
import type { KeyRefusal, KeyVerifier } from './key-verdict.js';
import { createStaticKeys } from './static-keys.js';
import { verifyAny } from './verify-any.js';

const refusing = (reason: KeyRefusal): KeyVerifier => ({ verify: async () => ({ ok: false, reason }) });
const broken: KeyVerifier = {
  verify: async () => {
    throw new KeyStoreError('storage_unavailable', 'The disk is gone.');
  },
};

describe('verifyAny', () => {
  it('accepts static keys beside stored ones', async () => {
    const stored = new KeyManager();
    const { key, record } = await stored.create({ name: 'a' });
    const both = verifyAny([createStaticKeys(['given']), stored]);
    expect(await both.verify('given')).toMatchObject({ ok: true, caller: { id: 'static-1' } });
    expect(await both.verify(key)).toMatchObject({ ok: true, caller: { id: record.id } });
    expect(await both.verify('neither')).toEqual({ ok: false, reason: 'unknown' });
    expect(await both.verify(undefined)).toEqual({ ok: false, reason: 'missing' });
    expect(await both.verify(`${key.slice(0, -1)}!`)).toEqual({ ok: false, reason: 'malformed' });
  });

  it.each([
    [['unknown', 'revoked'], 'revoked'],
    [['expired', 'unknown'], 'expired'],
    [['malformed', 'malformed'], 'malformed'],
    [['unknown', 'wrong_pepper'], 'wrong_pepper'],
    [[], 'unknown'],
  ] as const)('of the refusals %j tells %s', async (reasons, told) => {
    expect(await verifyAny(reasons.map(refusing)).verify('x')).toEqual({ ok: false, reason: told });
  });

  it('asks everyone every time', async () => {
    let asked = 0;
    const counting: KeyVerifier = { verify: async () => ({ ok: false, reason: ((asked += 1), 'unknown') }) };
    await verifyAny([createStaticKeys(['given']), counting]).verify('given');
    expect(asked).toBe(1);
  });

  it('accepts a static key while the store is down, and throws for every other', async () => {
    const both = verifyAny([broken, createStaticKeys(['given'])]);
    expect(await both.verify('given')).toMatchObject({ ok: true });
    await expect(both.verify('other')).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('takes a verifier that throws at once for one that fails', async () => {
    const rude: KeyVerifier = {
      verify: () => {
        throw new Error('rude');
      },
    };
    await expect(verifyAny([rude]).verify('x')).rejects.toThrow('rude');
  });
});
