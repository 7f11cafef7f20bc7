import { statSync } from 'node:fs';
import { mcliHome } from './config.js';
import { embeddedModels } from './model-catalog.js';
import { buildsDirectory } from './state-folder.js';

/** A model that this installation can serve, as `mcli model list --json` prints it. */
export interface ListedModel {
  readonly id: string;
  readonly path: string;
  readonly size_bytes: number;
  readonly embedded: boolean;
  /** Whether its first, slow start is over. */
  readonly built: boolean;
}

/** The models that `--model` can name by id. */
export async function listModels(home: string = mcliHome()): Promise<ListedModel[]> {
  const { LocalModelStore } = await import('@mcli/inference/onnx');
  const store = new LocalModelStore({ models: embeddedModels, directory: buildsDirectory(home) });
  return Promise.all(
    embeddedModels.map(async ({ id, path, embedded }) => ({
      id,
      path,
      size_bytes: statSync(path).size,
      embedded,
      built: await store.isBuilt(id),
    })),
  );
}
