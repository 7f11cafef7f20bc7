import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KeyManager } from '../key-manager.js';
import { aStoredKey, apiKeyStoreContract } from '../testing/index.js';
import { loadLibsql } from './libsql.js';
import { prepareDatabase } from './schema.js';
import { toKeyStoreError } from './sqlite-error.js';
import { SqliteApiKeyStore } from './sqlite-store.js';

const onPosix = process.platform === 'win32' ? it.skip : it;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mcli-sqlite-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = () => join(folder, 'keys.db');

describe('SqliteApiKeyStore', () => {
  apiKeyStoreContract({ it, expect }, async () => new SqliteApiKeyStore(file()), {
    reopen: async () => new SqliteApiKeyStore(file()),
    share: async () => new SqliteApiKeyStore(file()),
  });

  onPosix('makes its folder and all its files for the owner alone', async () => {
    const path = join(folder, 'new', 'keys.db');
    const store = new SqliteApiKeyStore(path);
    await store.insert(aStoredKey());
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    for (const name of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(name).mode & 0o077).toBe(0);
    await store.close();
  });

  onPosix('refuses a file that others can read, naming it and the remedy', () => {
    writeFileSync(file(), '');
    chmodSync(file(), 0o644);
    expect(() => new SqliteApiKeyStore(file())).toThrow(
      expect.objectContaining({
        code: 'insecure_permissions',
        message: expect.stringContaining(`chmod 600 '${file()}'`),
      }),
    );
  });

  onPosix('takes a file that its own group may use, as a volume mounted for a group has it', async () => {
    await new SqliteApiKeyStore(file()).close();
    chmodSync(file(), 0o660);
    const store = new SqliteApiKeyStore(file());
    await store.insert(aStoredKey());
    expect(await store.list()).toHaveLength(1);
    await store.close();
  });

  onPosix('refuses a symbolic link', () => {
    writeFileSync(join(folder, 'target'), '', { mode: 0o600 });
    symlinkSync(join(folder, 'target'), file());
    expect(() => new SqliteApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'insecure_permissions' }));
  });

  it('refuses a file that is no database and leaves it as it is', () => {
    const text = 'this is no database, whatever its name says. '.repeat(50);
    writeFileSync(file(), text, { mode: 0o600 });
    expect(() => new SqliteApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'corrupt' }));
    expect(readFileSync(file(), 'utf8')).toBe(text);
  });

  it('refuses the schema of a newer version and leaves it as it is', async () => {
    await new SqliteApiKeyStore(file()).close();
    const database = new (loadLibsql())(file());
    database.exec("UPDATE schema_versions SET version = 99 WHERE component = 'auth-keys'");
    expect(() => new SqliteApiKeyStore(file())).toThrow(
      expect.objectContaining({ code: 'newer_schema', message: expect.stringContaining('99') }),
    );
    expect(database.prepare('SELECT version FROM schema_versions').all()).toEqual([{ version: 99 }]);
    database.close();
  });

  it('names a folder that cannot be made', () => {
    writeFileSync(join(folder, 'plain'), '');
    expect(() => new SqliteApiKeyStore(join(folder, 'plain', 'keys.db'))).toThrow(
      expect.objectContaining({ code: 'storage_unavailable', message: expect.stringContaining('plain') }),
    );
  });

  it('shares its file with tables of others', async () => {
    await new SqliteApiKeyStore(file()).close();
    const database = new (loadLibsql())(file());
    database.exec("CREATE TABLE jobs (id INTEGER) STRICT; INSERT INTO schema_versions VALUES ('jobs', 99)");
    database.close();
    const store = new SqliteApiKeyStore(file());
    await store.insert(aStoredKey());
    expect((await store.list()).length).toBe(1);
    await store.close();
  });

  it('writes ahead, syncs every change and waits for other writers', () => {
    const database = new (loadLibsql())(file());
    prepareDatabase(database, file());
    expect(database.pragma('journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
    expect(database.prepare('PRAGMA busy_timeout').get()).toMatchObject({ timeout: 5000 });
    expect(database.prepare('PRAGMA foreign_keys').get()).toMatchObject({ foreign_keys: 1 });
    database.close();
  });

  it.each([
    ["scopes = '{'", 'scopes is no JSON'],
    ["scopes = '7'", 'scopes is no list of texts'],
    ["models = 'x'", 'models is no JSON'],
    ["metadata = '[]'", 'metadata is no object'],
    ['revoked_at = -1', 'revokedAt is no whole number'],
    ['created_at = -1', 'createdAt is no whole number'],
    ["root_id = ''", 'rootId has not the form'],
  ])('refuses the key of a row with %s, and no other; it can be revoked', async (damage, reason) => {
    const keys = new KeyManager(new SqliteApiKeyStore(file()));
    const damaged = await keys.create({ name: 'damaged' });
    const sound = await keys.create({ name: 'sound' });
    const database = new (loadLibsql())(file());
    database.exec(`UPDATE api_keys SET ${damage} WHERE name = 'damaged'`);
    const rest = database.prepare("SELECT scopes, models, metadata FROM api_keys WHERE name = 'damaged'").raw(true);
    const before = rest.all();
    expect(await keys.verify(sound.key)).toMatchObject({ ok: true });
    expect(await keys.verify(damaged.key)).toEqual({ ok: false, reason: 'damaged' });
    expect(await keys.verify(`${damaged.key.slice(0, -1)}!`)).toMatchObject({ ok: false, reason: 'malformed' });
    expect(new Map((await keys.list()).map(({ name, damaged }) => [name, damaged]))).toEqual(
      new Map([
        ['damaged', expect.stringContaining(reason)],
        ['sound', undefined],
      ]),
    );
    expect(await keys.revoke(damaged.record.id)).toBe(true);
    expect(await keys.verify(damaged.key)).toMatchObject({ ok: false });
    expect((await keys.get(damaged.record.id))?.revokedAt).not.toBe(null);
    expect(rest.all()).toEqual(before);
    database.close();
    await keys.close();
  });

  it('says that the disk is full, and that nothing was changed', () => {
    const sqliteSays = (code: string) => Object.assign(new Error('database or disk is full'), { code });
    expect(toKeyStoreError('It failed', sqliteSays('SQLITE_FULL'), file())).toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringMatching(/^It failed: the disk is full\. Nothing was changed/),
    });
    expect(toKeyStoreError('It failed', sqliteSays('SQLITE_IOERR_SHMSIZE'), '/nowhere/keys.db').message).not.toMatch(
      /Nothing was changed/,
    );
  });

  it('throws what went wrong in a change, not what its undoing says', async () => {
    const store = new SqliteApiKeyStore(file());
    const key = aStoredKey();
    await store.insert(key);
    const database = new (loadLibsql())(file());
    // A trigger that rolls back leaves no transaction to roll back, as a full disk does.
    database.exec("CREATE TRIGGER full BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(ROLLBACK, 'no room'); END");
    await expect(store.update(key.id, { revokedAt: 1 })).rejects.toThrow(/no room/);
    database.exec('DROP TRIGGER full');
    expect(await store.find(key.id)).toEqual(key);
    expect(await store.update(key.id, { revokedAt: 1 })).toMatchObject({ revokedAt: 1 });
    database.close();
    await store.close();
  });

  it('lets a key be revoked through another connection at the next check', async () => {
    const here = new KeyManager(new SqliteApiKeyStore(file()));
    const there = new KeyManager(new SqliteApiKeyStore(file()));
    const { key, record } = await here.create({ name: 'shared' });
    expect(await here.validateKey(key)).toBe(true);
    await there.revoke(record.id);
    expect(await here.verify(key)).toEqual({ ok: false, reason: 'revoked' });
    await Promise.all([here.close(), there.close()]);
  });

  it('holds no part of a secret on disk', async () => {
    const keys = new KeyManager(new SqliteApiKeyStore(file()));
    const { key } = await keys.create({ name: 'secret' });
    const secret = key.slice(-49, -6);
    await keys.verify(key);
    await keys.list();
    const bytes = [file(), `${file()}-wal`].filter((path) => existsSync(path)).map((path) => readFileSync(path));
    expect(bytes.some((content) => content.includes(key.split('_')[1] ?? ''))).toBe(true);
    for (const content of bytes)
      for (let at = 0; at + 8 <= 43; at++) expect(content.includes(secret.slice(at, at + 8))).toBe(false);
    await keys.close();
  });
});
