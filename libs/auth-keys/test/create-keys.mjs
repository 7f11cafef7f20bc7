// create-keys.mjs <file|sqlite> <path> <count>: makes keys, revokes every third, and says of each step when it is done.
import { writeSync } from 'node:fs';
import { FileApiKeyStore, KeyManager } from '../src/index.ts';
import { SqliteApiKeyStore } from '../src/sqlite/index.ts';

const [kind, path, count] = process.argv.slice(2);
const keys = new KeyManager(kind === 'sqlite' ? new SqliteApiKeyStore(path) : new FileApiKeyStore(path));
for (let made = 0; made < Number(count); made++) {
  const { key, record } = await keys.create({ name: `key ${made}`, metadata: { padding: 'x'.repeat(made % 500) } });
  writeSync(1, `created ${record.id} ${key}\n`);
  if (made % 3) continue;
  await keys.revoke(record.id);
  writeSync(1, `revoked ${record.id} ${key}\n`);
}
await keys.close();
