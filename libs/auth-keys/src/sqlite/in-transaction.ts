import type { Database } from './libsql.js';

/**
 * Does something in a transaction that holds the write lock from its start. What it throws is thrown on, and nothing
 * is changed then.
 */
export function inTransaction<T>(database: Database, act: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = act();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back already, as it does when the disk is full.
  }
}
