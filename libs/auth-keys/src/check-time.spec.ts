import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileApiKeyStore } from './file-store.js';
import { generateKey } from './key-format.js';
import { KeyManager } from './key-manager.js';
import { MemoryApiKeyStore } from './memory-store.js';
import { SqliteApiKeyStore } from './sqlite/index.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mcli-time-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const open = {
  memory: () => new MemoryApiKeyStore(),
  file: () => new FileApiKeyStore(join(folder, 'keys')),
  sqlite: () => new SqliteApiKeyStore(join(folder, 'keys')),
};

describe('the time of a check', () => {
  // Medians of many calls, five-fold slack: finds a slow hash or a scan on one path, not nanoseconds.
  it.each(['memory', 'file', 'sqlite'] as const)('of a %s store tells nothing of why a key is wrong', async (kind) => {
    const store = open[kind]();
    const keys = new KeyManager(store);
    const { key } = await keys.create({ name: 'right' });
    const wrong = generateKey('inference');
    const damaged = await keys.addKey(wrong.key);
    const stored = await store.find(damaged.id);
    await store.delete(damaged.id);
    if (stored) await store.insert({ ...stored, hash: { ...stored.hash, digest: 'ab'.repeat(32) } });
    for (let other = 0; other < 200; other++) await keys.create({ name: 'other' });

    const classes = [key, wrong.key, generateKey('inference').key].map((credential) => ({ credential, times: [0] }));
    for (let round = 0; round < 2000; round++) {
      for (const { credential, times } of classes) {
        const start = process.hrtime.bigint();
        await keys.verify(credential);
        times.push(Number(process.hrtime.bigint() - start));
      }
    }
    const medians = classes.map(({ times }) => times.sort((a, b) => a - b)[1000] ?? 0);
    expect(Math.max(...medians)).toBeLessThan(5 * Math.min(...medians));
    await keys.close();
  });
});
