import { readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildKey, buildModel } from '@mcli/model-builder';
import { InferenceError } from '../errors.js';
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
      await buildModel({
        source: model.path,
        directory,
        weights,
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

  /** Deletes builds that no model of this store uses: of other builder versions, and of models that went away. */
  async prune(): Promise<void> {
    const keep = new Set(await Promise.all(this.#models.map((model) => buildKey(model.path, weights))));
    const names = await readdir(this.#directory).catch(() => []);
    const stale = names.filter((name) => !keep.has(name) && !name.startsWith('.'));
    await Promise.all(stale.map((name) => rm(join(this.#directory, name), { recursive: true, force: true })));
  }

  async #folderOf(model: ModelEntry): Promise<string> {
    return join(this.#directory, await buildKey(model.path, weights));
  }
}

/** The form in which weights are kept. */
const weights = 'int8-block32';
