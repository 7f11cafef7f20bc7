// revoke-key.mjs <path> <id>
import { KeyManager } from '../src/index.ts';
import { SqliteApiKeyStore } from '../src/sqlite/index.ts';

const [path, id] = process.argv.slice(2);
const keys = new KeyManager(new SqliteApiKeyStore(path));
const found = await keys.revoke(id);
await keys.close();
process.exitCode = found ? 0 : 1;
