// Opens a SQLite store as if libsql were not installed, and prints what it says.
import Module from 'node:module';

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  if (request !== 'libsql') return resolve(request, ...rest);
  throw Object.assign(new Error("Cannot find module 'libsql'"), { code: 'MODULE_NOT_FOUND' });
};
await import('../src/index.ts');
try {
  const { SqliteApiKeyStore } = await import('../src/sqlite/index.ts');
  new SqliteApiKeyStore('nowhere.db');
  console.log('opened');
} catch (error) {
  console.log(error.message);
}
