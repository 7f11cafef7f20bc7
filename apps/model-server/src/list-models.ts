import { statSync } from 'node:fs';
import type { EngineName } from './choose-engine.js';
import { preferEngine } from './choose-engine.js';
import { mcliHome, readAskedEngine } from './config.js';
import { embeddedModels } from './model-catalog.js';
import { buildsDirectory } from './state-folder.js';

/** A model that this installation can serve, as `mcli model list --json` prints it. */
export interface ListedModel {
  readonly id: string;
  readonly path: string;
  readonly size_bytes: number;
  readonly embedded: boolean;
  /** What `mcli model start` runs it on, and why. */
  readonly engine: EngineName;
  readonly engine_reason: string;
  /** For ONNX Runtime: whether its first, slow start is over. */
  readonly built: boolean;
}

/** The models that `--model` can name by id. */
export async function listModels(home: string = mcliHome()): Promise<ListedModel[]> {
  const { LocalModelStore } = await import('@mcli/inference/onnx');
  const store = new LocalModelStore({ models: embeddedModels, directory: buildsDirectory(home) });
  const asked = readAskedEngine();
  return Promise.all(
    embeddedModels.map(async ({ id, path, embedded }) => {
      const { engine, reason } = preferEngine(asked, { embedded });
      const [size_bytes, built] = [statSync(path).size, await store.isBuilt(id)];
      return { id, path, size_bytes, embedded, engine, engine_reason: reason, built };
    }),
  );
}
