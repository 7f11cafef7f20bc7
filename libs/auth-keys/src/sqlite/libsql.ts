import { createRequire } from 'node:module';
import type Libsql from 'libsql';

/** An open database: the part of libsql's interface that is used here, which it shares with better-sqlite3. */
export type Database = Libsql.Database;

export type Statement<Parameters extends unknown[] | object> = Libsql.Statement<Parameters>;

/** Opens a database file. */
export const openDatabase = load();

function load(): (path: string) => Database {
  try {
    const Constructor: typeof Libsql = createRequire(import.meta.url)('libsql');
    return (path) => new Constructor(path);
  } catch (error) {
    throw new Error(
      "@mcli/auth-keys/sqlite needs the package 'libsql', which couldn't be loaded. Install it: npm install libsql",
      { cause: error },
    );
  }
}
