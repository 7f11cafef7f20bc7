import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { KeyStoreError } from './key-store-error.js';
import { errorCode } from './storage-error.js';

/** A lock without a readable process id is someone's half-made one for this long, and left over afterwards. */
const HALF_MADE_MS = 5000;

/**
 * Takes a lock: a file that only one process can make, with the maker's id in it. The lock of a process that
 * is gone is taken over. Works between the processes of one machine, not across a network.
 *
 * (1) The file is made or it is there already. (2) Who finds a left-over lock removes it under a second lock,
 * (3) looking again first: else a slow remover could take away the fresh lock of a fast one.
 *
 * @returns gives the lock back
 * @throws KeyStoreError `locked` by a process that is alive
 */
export function acquireLock(path: string): () => void {
  const content = JSON.stringify({ pid: process.pid, token: randomUUID() });
  if (!make(path, content)) {
    refuseIfHeld(path); // (1)
    const takeover = `${path}.takeover`;
    if (!make(takeover, content)) throw lockedBy('another process that is starting', takeover);
    try {
      refuseIfHeld(path); // (3)
      remove(path); // (2)
    } finally {
      remove(takeover);
    }
    if (!make(path, content)) throw lockedBy('another process that is starting', path);
  }
  return () => {
    if (read(path) === content) remove(path);
  };
}

function make(path: string, content: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, content);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function refuseIfHeld(path: string): void {
  const content = read(path);
  const madeAt = modified(path);
  if (content === undefined || madeAt === undefined) return;
  const pid = pidIn(content);
  if (pid === undefined) {
    if (Date.now() - madeAt < HALF_MADE_MS) throw lockedBy('a process that is starting', path);
  } else if (pid === process.pid) {
    // A process of an earlier life, in a container say, had the same id.
    if (madeAt >= Date.now() - process.uptime() * 1000) throw lockedBy('this process', path);
  } else if (isAlive(pid)) {
    throw lockedBy(`process ${pid}`, path);
  }
}

function pidIn(content: string): number | undefined {
  const [, pid] = /^\{"pid":(\d+),/.exec(content) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function modified(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function lockedBy(holder: string, path: string): KeyStoreError {
  return new KeyStoreError('locked', `The key store is in use by ${holder}. If that can't be, delete '${path}'.`);
}
