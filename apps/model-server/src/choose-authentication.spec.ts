import { KeyManager, MemoryApiKeyStore } from '@mcli/auth-keys';
import { aStoredKey } from '@mcli/auth-keys/testing';
import { chooseAuthentication } from './choose-authentication.js';
import { StartError } from './start-error.js';

const strong = 'a-key-of-more-than-twenty-characters';
const nothing = { host: 'localhost', apiKeys: [], firstKey: true };

describe('chooseAuthentication', () => {
  it('makes a first key on a loopback address when there is none', async () => {
    const keys = new KeyManager();
    const { firstKey, description, verifier } = await chooseAuthentication(nothing, keys);
    expect(firstKey).toMatch(/^mcli_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(description).toBe('API keys (1 stored)');
    expect(await verifier.verify(firstKey)).toMatchObject({ ok: true });
  });

  it('makes none when one is stored, given, or not wanted', async () => {
    const keys = new KeyManager();
    expect(await chooseAuthentication({ ...nothing, apiKeys: [strong] }, keys)).not.toHaveProperty('firstKey');
    const closed = await chooseAuthentication({ ...nothing, firstKey: false }, keys);
    expect(closed).not.toHaveProperty('firstKey');
    expect(closed.warnings.join()).toMatch(/every request is refused.*mcli key create/);
    expect(await closed.verifier.verify('')).toMatchObject({ ok: false });
    await keys.create({ name: 'mine' });
    expect(await chooseAuthentication(nothing, keys)).not.toHaveProperty('firstKey');
  });

  it('accepts given keys beside stored ones, and stores none of them', async () => {
    const keys = new KeyManager();
    const { key } = await keys.create({ name: 'mine' });
    const { verifier, description } = await chooseAuthentication({ ...nothing, apiKeys: [strong] }, keys);
    for (const good of [strong, key]) expect(await verifier.verify(good)).toMatchObject({ ok: true });
    expect(await verifier.verify(`${strong}x`)).toMatchObject({ ok: false });
    expect(description).toBe('API keys (1 stored, 1 given at start)');
    expect(await keys.list()).toHaveLength(1);
  });

  it('refuses a public address without any key, and says what to do', async () => {
    const refused = chooseAuthentication({ ...nothing, host: '0.0.0.0' }, new KeyManager());
    await expect(refused).rejects.toThrow(StartError);
    await expect(refused).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/mcli key create/) });
  });

  it('names a damaged key, counts it for none, and starts with the others', async () => {
    const store = new MemoryApiKeyStore();
    await store.insert(aStoredKey({ id: 'damagedKey01', damaged: 'scopes is no JSON' }));
    const keys = new KeyManager(store);
    await keys.create({ name: 'sound' });
    const { description, warnings } = await chooseAuthentication(nothing, keys);
    expect(description).toBe('API keys (1 stored)');
    expect(warnings).toEqual([expect.stringContaining('mcli key revoke damagedKey01')]);
  });

  it('refuses a short key on a public address and warns of it on loopback', async () => {
    const short = { ...nothing, apiKeys: ['short'] };
    await expect(chooseAuthentication({ ...short, host: '0.0.0.0' }, new KeyManager())).rejects.toThrow(
      /20 characters/,
    );
    expect((await chooseAuthentication(short, new KeyManager())).warnings.join()).toMatch(/can be guessed/);
  });

  it('takes a given key of the stored form for that stored key, never for another', async () => {
    const keys = new KeyManager();
    const { key } = await keys.create({ name: 'mine' });
    await expect(chooseAuthentication({ ...nothing, apiKeys: [key] }, keys)).resolves.not.toHaveProperty('firstKey');
    const stranger = (await new KeyManager().create({ name: 'elsewhere' })).key;
    const refused = chooseAuthentication({ ...nothing, apiKeys: [stranger] }, keys);
    await expect(refused).rejects.toMatchObject({ exitCode: 2 });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining(stranger) });
    const two = chooseAuthentication({ ...nothing, apiKeys: [`${key},${stranger}`] }, keys);
    await expect(two).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('comma') });
  });

  it('takes a key with a comma as one key, and its parts for none', async () => {
    const { verifier } = await chooseAuthentication({ ...nothing, apiKeys: [`tree,${strong}`] }, new KeyManager());
    expect(await verifier.verify(`tree,${strong}`)).toMatchObject({ ok: true });
    for (const part of ['tree', strong]) expect(await verifier.verify(part)).toMatchObject({ ok: false });
  });
});
