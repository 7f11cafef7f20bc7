import { createRequire } from 'node:module';
import type Libsql from 'libsql';

/** An open database: the part of libsql's interface that is used here, which it shares with better-sqlite3. */
export type Database = Libsql.Database;

export type Statement<Parameters extends unknown[] | object> = Libsql.Statement<Parameters>;

/** What opens databases: the default export of `libsql`. */
export type DatabaseConstructor = typeof Libsql;

/**
 * The package `libsql`, as it is found from here.
 *
 * @throws Error when it isn't there, with what to install
 */
export function loadLibsql(): DatabaseConstructor {
  try {
    return createRequire(import.meta.url)('libsql') as DatabaseConstructor;
  } catch (error) {
    throw new Error(
      "@mcli/auth-keys/sqlite needs the package 'libsql', which couldn't be loaded. Install it: npm install libsql",
      { cause: error },
    );
  }
}
