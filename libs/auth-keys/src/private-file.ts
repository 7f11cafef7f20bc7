import { closeSync, constants, lstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, toStorageError } from './storage-error.js';
import { KeyStoreError } from './key-store-error.js';

const OTHERS = 0o007;
const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;
const FIXED_MODES = 'where a volume ignores chmod, mount it with umask=077, or move the store to another one';

/**
 * Makes sure that a file is there and not everybody's: made with mode 0600 when missing, its folder with
 * 0700. Its own group may be let in later, as Kubernetes does at each mount of a volume with an `fsGroup`.
 * Windows has no such modes; there only links are refused.
 *
 * @throws KeyStoreError `insecure_permissions` a link, another owner, open to others than owner and group, or
 *   a folder in which anyone can replace it; `storage_unavailable` it can't be made
 */
export function ensurePrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    try {
      closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600));
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    checkFile(path);
    checkFolder(dirname(path));
  } catch (error) {
    throw toStorageError(`The key store '${path}' can't be opened`, error);
  }
}

function checkFile(path: string): void {
  const file = lstatSync(path);
  if (file.isSymbolicLink()) throw insecure(path, 'is a symbolic link; name the file itself');
  if (!file.isFile()) throw insecure(path, 'is not a regular file');
  if (process.platform === 'win32') return;
  const user = process.geteuid?.();
  if (user !== undefined && user !== 0 && file.uid !== user) throw insecure(path, 'belongs to another user');
  if (file.mode & OTHERS) {
    throw insecure(path, `can be read or written by others; run: chmod 600 '${path}' (${FIXED_MODES})`);
  }
}

function checkFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const { mode } = statSync(folder);
  if (mode & WORLD_WRITABLE && !(mode & STICKY)) {
    throw insecure(folder, `can be written by anyone; run: chmod o-w '${folder}' (${FIXED_MODES})`);
  }
}

function insecure(path: string, problem: string): KeyStoreError {
  return new KeyStoreError('insecure_permissions', `'${path}' ${problem}.`);
}
