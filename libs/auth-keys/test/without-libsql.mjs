// Imports the SQLite entry as if libsql were not installed, and prints what it says.
import Module from 'node:module';

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  if (request !== 'libsql') return resolve(request, ...rest);
  throw Object.assign(new Error("Cannot find module 'libsql'"), { code: 'MODULE_NOT_FOUND' });
};
await import('../src/index.ts');
try {
  await import('../src/sqlite/index.ts');
  console.log('imported');
} catch (error) {
  console.log(error.message);
}
