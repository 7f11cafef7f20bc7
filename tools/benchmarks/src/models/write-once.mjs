import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Milliseconds between two lines of progress. */
const pause = 2_000;

/**
 * Makes a file where it is missing, whole or not at all.
 *
 * @param {string} path
 * @param {(partial: string) => Promise<void>} write writes it all at the path given
 * @param {{ title: string, bytes?: number, progress: (text: string) => void }} options `bytes` that it will about have
 * @returns {Promise<string>} the path
 */
export async function writeOnce(path, write, { title, bytes, progress }) {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  progress(`${title} (the first time only)`);
  const partial = `${path}.tmp-${process.pid}`;
  const timer = setInterval(async () => {
    const { size } = await stat(partial).catch(() => ({ size: 0 }));
    if (bytes) progress(`${title}: ${Math.min(99, Math.floor((100 * size) / bytes))} %`);
  }, pause);
  try {
    await write(partial);
    await rename(partial, path);
    return path;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    clearInterval(timer);
  }
}
