import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildFiles } from './built-model.js';
import { builderVersion } from './model-manifest.js';
import { isOwnFolder, lastChange } from './own-folder.js';

export interface PruneOptions {
  /** Told the name of each folder that was deleted, and why. */
  readonly onDelete?: ((folder: string, reason: string) => void) | undefined;
}

/** Builds of another version, which another installation may use, stay for this long after they were used last. */
const otherVersionMs = 30 * 86_400_000;
/** A folder that another process is building in changes more often than this. */
const brokenOffMs = 3_600_000;

/** What `buildKey` names builds, and `buildModel` the folders that it builds in. */
const finishedName = /^[0-9a-f]{32}$/;
const scratchName = /^[0-9a-f]{32}\.tmp-[0-9a-f]{12}(\.old-\d)?$/;

/**
 * Deletes builds in a directory that can't be used any more: of other builder versions, when they did not change for
 * 30 days (who uses one sets its folder's time), and what builds left that broke off an hour ago or more.
 *
 * Nothing else in the directory is touched, whatever it is: a folder goes only when its manifest has the key that it is
 * named after, or its name is one that only `buildModel` gives, and when it holds nothing but a build's files. Links are
 * not followed.
 */
export async function pruneBuilds(directory: string, { onDelete }: PruneOptions = {}): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const folder = join(directory, name);
    const reason = await whyUseless(folder, name);
    if (reason === undefined || !(await isOwnFolder(folder))) continue;
    const deleted = await rm(folder, { recursive: true, force: true }).then(
      () => true,
      () => false, // What can't be deleted is tried again the next time.
    );
    if (deleted) onDelete?.(name, reason);
  }
}

async function whyUseless(folder: string, name: string): Promise<string | undefined> {
  if (scratchName.test(name)) {
    return Date.now() - (await lastChange(folder)) > brokenOffMs ? 'a build that broke off' : undefined;
  }
  if (!finishedName.test(name)) return undefined;
  const { key, builderVersion: version } = await readManifest(folder);
  if (key !== name || typeof version !== 'number' || version === builderVersion) return undefined;
  const unused = Date.now() - (await lastChange(folder)) > otherVersionMs;
  return unused ? `built by version ${version} of the builder, unused for 30 days` : undefined;
}

async function readManifest(folder: string): Promise<{ readonly key?: unknown; readonly builderVersion?: unknown }> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, buildFiles.manifest), 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : {};
  } catch {
    return {};
  }
}
