import { MemoryApiKeyStore } from './memory-store.js';
import { KeyManager } from './key-manager.js';
import { SqliteApiKeyStore } from './sqlite/index.js';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

for (const store of [new MemoryApiKeyStore(), new SqliteApiKeyStore(join(mkdtempSync(join(tmpdir(), 'x-')), 'k.db'))])
  it('works', async () => {
    const keys = new KeyManager(store);
    const { key, record } = await keys.create({ name: 'a' });
    expect(await keys.verify(key)).toMatchObject({ ok: true, record });
    expect(await keys.verify(key.slice(0, -1) + '0')).toEqual({ ok: false, reason: 'malformed' });
    expect(await keys.list()).toMatchObject([{ id: record.id, useCount: 1 }]);
    expect(await keys.revoke(record.id)).toBe(true);
    expect(await keys.verify(key)).toMatchObject({ ok: false, reason: 'revoked' });
    await keys.close();
  });
