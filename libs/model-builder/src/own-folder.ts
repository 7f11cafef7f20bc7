import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Names of files in builds, of this and earlier versions; `attention.json` is what runners measured. */
const ownFile =
  /^(manifest|tokenizer|attention)\.json$|^(model(\.read)?|calibration)\.onnx(\.data)?$|^cache-scales\.f32$/;

/** Whether a path is a folder, no link, with nothing in it but files that have the names of a build's. */
export async function isOwnFolder(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isDirectory()) return false;
    const entries = await readdir(path, { withFileTypes: true });
    return entries.every((entry) => entry.isFile() && ownFile.test(entry.name));
  } catch {
    return false;
  }
}

/** When a folder or a file in it changed last, in milliseconds; now, when that can't be seen. */
export async function lastChange(folder: string): Promise<number> {
  try {
    const paths = [folder, ...(await readdir(folder)).map((name) => join(folder, name))];
    return Math.max(...(await Promise.all(paths.map(async (path) => (await lstat(path)).mtimeMs))));
  } catch {
    return Date.now();
  }
}
