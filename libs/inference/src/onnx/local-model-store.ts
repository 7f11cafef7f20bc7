import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { PruneOptions } from '@mcli/model-builder';
import { InferenceError } from '../errors.js';
import { calibrationTokens } from './calibration-text.js';
import { importPeers } from '../import-peers.js';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import type { ModelEntry, ModelFiles, ModelStore, ResolveOptions } from '../model-store.js';

export interface LocalModelStoreOptions {
  readonly models: readonly ModelEntry[];
  /** Where built models are kept; a folder for each. Made when it isn't there. */
  readonly directory: string;
  /** Threads that build. @default one for each processor that this process may use */
  readonly threads?: number | undefined;
}

/** Models whose GGUF files are on this machine. Each is built once and kept. */
export class LocalModelStore implements ModelStore {
  readonly #models: readonly ModelEntry[];
  readonly #directory: string;
  readonly #threads: number | undefined;

  constructor(options: LocalModelStoreOptions) {
    this.#models = options.models;
    this.#directory = options.directory;
    this.#threads = options.threads;
  }

  async list(): Promise<readonly ModelEntry[]> {
    return this.#models;
  }

  /**
   * The folder of the built model, built first when it isn't there, isn't whole, or was built for another kind of
   * processor.
   *
   * @throws InferenceError `model_not_found`
   * @throws ModelBuildError when the file can't be built
   */
  async resolve(id: string, options: ResolveOptions = {}): Promise<ModelFiles> {
    const model = this.#models.find((entry) => entry.id === id);
    if (!model) throw new InferenceError('model_not_found', `There is no model '${id}'.`, { details: { model: id } });
    const directory = await this.#folderOf(model);
    if (await isWhole(directory)) {
      const now = new Date();
      await utimes(directory, now, now).catch(() => undefined); // Shows other versions' `prune` that it is used.
    } else {
      const { buildModel, defaultForm: weights } = await loadBuilder();
      await buildModel({
        source: model.path,
        directory,
        weights,
        calibration: (description) => calibrationTokens(createTokenizer(description)),
        threads: this.#threads,
        signal: options.signal,
        onProgress: ({ phase, done, total }) =>
          options.onProgress?.({ step: phase, fraction: total > 0 ? done / total : undefined }),
      });
    }
    return { id, path: directory };
  }

  /** Whether the model is built already, for this machine's processor. */
  async isBuilt(id: string): Promise<boolean> {
    const model = this.#models.find((entry) => entry.id === id);
    return model !== undefined && (await isWhole(await this.#folderOf(model)));
  }

  /**
   * Deletes builds of other builder versions that were not used for 30 days, and what builds that broke off left. Other
   * files in the directory are nobody's business.
   */
  async prune(options?: PruneOptions): Promise<void> {
    const { pruneBuilds } = await loadBuilder();
    await pruneBuilds(this.#directory, options);
  }

  async #folderOf(model: ModelEntry): Promise<string> {
    const { buildKey, defaultForm } = await loadBuilder();
    return join(this.#directory, await buildKey(model.path, defaultForm));
  }
}

async function isWhole(directory: string): Promise<boolean> {
  const { readBuiltModel } = await loadBuilder();
  return readBuiltModel(directory).then(
    () => true,
    () => false,
  );
}

function loadBuilder() {
  return importPeers(() => import('@mcli/model-builder'));
}
