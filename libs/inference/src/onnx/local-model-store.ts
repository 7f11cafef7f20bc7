import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceError } from '../errors.js';
import { calibrationTokens } from './calibration-text.js';
import { importPeers } from './import-peers.js';
import { createTokenizer } from './tokenizer.js';
import type { ModelEntry, ModelFiles, ModelStore, ResolveOptions } from '../model-store.js';

export interface LocalModelStoreOptions {
  readonly models: readonly ModelEntry[];
  /** Where built models are kept; a folder for each. Made when it isn't there. */
  readonly directory: string;
}

/** Models whose GGUF files are on this machine. Each is built once and kept. */
export class LocalModelStore implements ModelStore {
  readonly #models: readonly ModelEntry[];
  readonly #directory: string;

  constructor(options: LocalModelStoreOptions) {
    this.#models = options.models;
    this.#directory = options.directory;
  }

  async list(): Promise<readonly ModelEntry[]> {
    return this.#models;
  }

  /**
   * The folder of the built model, built first when it isn't there.
   *
   * @throws InferenceError `model_not_found`
   * @throws ModelBuildError when the file can't be built
   */
  async resolve(id: string, options: ResolveOptions = {}): Promise<ModelFiles> {
    const model = this.#models.find((entry) => entry.id === id);
    if (!model) throw new InferenceError('model_not_found', `There is no model '${id}'.`, { details: { model: id } });
    const directory = await this.#folderOf(model);
    if (!existsSync(directory)) {
      const { buildModel, defaultForm: weights } = await loadBuilder();
      await buildModel({
        source: model.path,
        directory,
        weights,
        calibration: (description) => calibrationTokens(createTokenizer(description)),
        signal: options.signal,
        onProgress: ({ phase, done, total }) =>
          options.onProgress?.({ step: phase, fraction: total > 0 ? done / total : undefined }),
      });
    }
    return { id, path: directory };
  }

  /** Whether the model is built already. */
  async isBuilt(id: string): Promise<boolean> {
    const model = this.#models.find((entry) => entry.id === id);
    return model !== undefined && existsSync(await this.#folderOf(model));
  }

  /** Deletes what can't be used any more: builds of other builder versions, and what a build that was cut off left. */
  async prune(): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names) {
      const folder = join(this.#directory, name);
      if (await isStale(folder)) await rm(folder, { recursive: true, force: true });
    }
  }

  async #folderOf(model: ModelEntry): Promise<string> {
    const { buildKey, defaultForm } = await loadBuilder();
    return join(this.#directory, await buildKey(model.path, defaultForm));
  }
}

/** A build that another process is making looks unfinished too; it isn't older than this. */
const longestBuildMs = 3_600_000;

async function isStale(folder: string): Promise<boolean> {
  const { readBuiltModel } = await loadBuilder();
  const whole = await readBuiltModel(folder).then(
    () => true,
    () => false,
  );
  if (whole) return false;
  const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
  return !folder.includes('.tmp-') || Date.now() - mtimeMs > longestBuildMs;
}

function loadBuilder() {
  return importPeers(() => import('@mcli/model-builder'));
}
