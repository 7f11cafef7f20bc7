import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FileApiKeyStore } from './file-store.js';
import { KeyManager } from './key-manager.js';
import { aStoredKey, apiKeyStoreContract } from './testing/index.js';

const onPosix = process.platform === 'win32' ? it.skip : it;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mcli-file-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = () => join(folder, 'keys.jsonl');

describe('FileApiKeyStore', () => {
  apiKeyStoreContract({ it, expect }, async () => new FileApiKeyStore(file()), {
    reopen: async () => new FileApiKeyStore(file()),
  });

  onPosix('makes its folder and its files for the owner alone', async () => {
    const path = join(folder, 'new', 'keys.jsonl');
    const store = new FileApiKeyStore(path);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    for (const name of [path, `${path}.lock`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    await store.close();
  });

  onPosix.each([0o640, 0o660])('takes a file that its own group may use: mode %o', async (mode) => {
    await new FileApiKeyStore(file()).close();
    chmodSync(file(), mode);
    await new FileApiKeyStore(file()).close();
    expect(statSync(file()).mode & 0o777).toBe(mode);
  });

  onPosix.each([0o644, 0o662, 0o604])('refuses a file of mode %o', async (mode) => {
    await new FileApiKeyStore(file()).close();
    chmodSync(file(), mode);
    expect(() => new FileApiKeyStore(file())).toThrow(
      expect.objectContaining({ code: 'insecure_permissions', message: expect.stringContaining(file()) }),
    );
  });

  onPosix('refuses a folder in which anyone can replace the file', () => {
    chmodSync(folder, 0o777);
    expect(() => new FileApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'insecure_permissions' }));
  });

  onPosix('refuses a symbolic link', async () => {
    await new FileApiKeyStore(join(folder, 'target')).close();
    symlinkSync(join(folder, 'target'), file());
    expect(() => new FileApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'insecure_permissions' }));
  });

  it('is open once at a time', async () => {
    const store = new FileApiKeyStore(file());
    expect(() => new FileApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'locked' }));
    await store.close();
    await new FileApiKeyStore(file()).close();
    expect(existsSync(`${file()}.lock`)).toBe(false);
  });

  it('cuts off what a crash left behind the last line, and says so', async () => {
    const kept = await written([aStoredKey(), aStoredKey()]);
    const whole = statSync(file()).size;
    for (let cut = 1; cut < 40; cut += 7) {
      appendFileSync(file(), `{"put":${JSON.stringify(aStoredKey())}}`.slice(0, cut * 10));
      const warnings: string[] = [];
      const store = new FileApiKeyStore(file(), { onWarning: (message) => warnings.push(message) });
      expect(await store.list()).toEqual(kept);
      expect(warnings).toEqual([expect.stringContaining('cut off')]);
      expect(statSync(file()).size).toBe(whole);
      await store.close();
    }
  });

  it('loses at most the last line, wherever the file is cut', async () => {
    const kept = await written([aStoredKey(), aStoredKey(), aStoredKey()]);
    const bytes = readFileSync(file());
    for (let length = 0; length <= bytes.length; length += 1 + (length % 13)) {
      truncateSync(file(), 0);
      writeFileSync(file(), bytes.subarray(0, length));
      const store = new FileApiKeyStore(file());
      const complete = Math.max(0, bytes.subarray(0, length).toString().split('\n').length - 2);
      expect(await store.list()).toEqual(kept.slice(0, complete));
      await store.close();
    }
  });

  it.each([
    ['is no JSON', '{"put":'],
    ['is no object', '17'],
    ['is no key', '{"put":{"id":"short"}}'],
    ['says nothing known', '{"move":"x"}'],
    ['is no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('refuses to start when a line in the middle %s, with its number', async (_, line) => {
    await written([aStoredKey()]);
    appendFileSync(file(), Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
    appendFileSync(file(), `{"put":${JSON.stringify(aStoredKey())}}\n`);
    const before = readFileSync(file());
    expect(() => new FileApiKeyStore(file())).toThrow(
      expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('Line 3') }),
    );
    expect(readFileSync(file())).toEqual(before);
    expect(existsSync(`${file()}.lock`)).toBe(false);
  });

  it.each(['no newline', 'a line\n', '{"format":"other","version":1}\n', '{"format":"mcli-api-keys","vers', '{}\n'])(
    'touches no file of another kind: %j',
    (content) => {
      writeFileSync(file(), content, { mode: 0o600 });
      const ours = '{"format":"mcli-api-keys","version":1}'.startsWith(content);
      if (ours) return new FileApiKeyStore(file()).close();
      expect(() => new FileApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'corrupt' }));
      expect(readFileSync(file(), 'utf8')).toBe(content);
      return undefined;
    },
  );

  it('refuses the file of a newer version and leaves it as it is', () => {
    const content = '{"format":"mcli-api-keys","version":2}\n{"unheard":"of"}\n';
    writeFileSync(file(), content, { mode: 0o600 });
    expect(() => new FileApiKeyStore(file())).toThrow(expect.objectContaining({ code: 'newer_schema' }));
    expect(readFileSync(file(), 'utf8')).toBe(content);
  });

  it('writes the file anew when it is mostly history, and loses nothing', async () => {
    const store = new FileApiKeyStore(file());
    const key = aStoredKey();
    await store.insert(key);
    for (let use = 1; use <= 2500; use++) await store.addUses(key.id, 1, use);
    const lines = readFileSync(file(), 'utf8').split('\n').length;
    expect(lines).toBeLessThan(1010);
    const other = aStoredKey();
    await store.insert(other);
    await store.close();
    const again = new FileApiKeyStore(file());
    expect(await again.list()).toEqual([{ ...key, useCount: 2500, lastUsedAt: 2500 }, other]);
    expect(statSync(file()).mode & 0o077).toBe(0);
    await again.close();
  });

  it('removes what a crash left of writing anew', async () => {
    const kept = await written([aStoredKey()]);
    writeFileSync(`${file()}.tmp`, 'half');
    const store = new FileApiKeyStore(file());
    expect(await store.list()).toEqual(kept);
    expect(existsSync(`${file()}.tmp`)).toBe(false);
    await store.close();
  });

  it('holds no part of a secret on disk', async () => {
    const keys = new KeyManager(new FileApiKeyStore(file()));
    const { key, record } = await keys.create({ name: 'secret' });
    const content = readFileSync(file(), 'utf8');
    expect(content).toContain(record.id);
    const secret = key.slice(-49, -6);
    for (let at = 0; at + 8 <= secret.length; at++) expect(content).not.toContain(secret.slice(at, at + 8));
    await keys.close();
  });
});

async function written(keys: readonly ReturnType<typeof aStoredKey>[]): Promise<typeof keys> {
  const store = new FileApiKeyStore(file());
  for (const key of keys) await store.insert(key);
  await store.close();
  return keys;
}
