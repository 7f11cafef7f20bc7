import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { smollm2 } from '@mcli/model-smollm2';
import { closest } from 'fastest-levenshtein';
import type { ServerConfig } from './config.js';
import { StartError } from './start-error.js';

/** A model that this installation can serve. */
export interface CatalogModel {
  /** The name that requests use. */
  readonly id: string;
  /** The GGUF file. */
  readonly path: string;
  readonly embedded: boolean;
  readonly recommendedSampling?: { readonly temperature?: number; readonly topP?: number };
}

/** The models that come with the packages. */
export const embeddedModels: readonly CatalogModel[] = [
  { id: smollm2.id, path: smollm2.path, embedded: true, recommendedSampling: smollm2.recommendedSampling },
];

/**
 * The models that a configuration asks for: the embedded one when it names none.
 *
 * @throws StartError `failed` for a file that isn't there, `usage` for an unknown id or two models of one id
 */
export function chooseModels(config: Pick<ServerConfig, 'models' | 'modelId'>): CatalogModel[] {
  if (config.models.length === 0) {
    const [first] = embeddedModels;
    return first ? [withId(first, config.modelId)] : [];
  }
  const chosen = config.models.map((name) => withId(findModel(name), config.modelId));
  const twice = chosen.find((model, at) => chosen.findIndex(({ id }) => id === model.id) !== at);
  if (twice) throw new StartError('usage', `Two models have the id '${twice.id}'. Rename a file, or start them apart.`);
  return chosen;
}

function withId(model: CatalogModel, id: string | undefined): CatalogModel {
  return id === undefined ? model : { ...model, id };
}

function findModel(name: string): CatalogModel {
  const known = embeddedModels.find(({ id }) => id === name);
  if (known) return known;
  const path = resolve(name);
  if (existsSync(path)) {
    if (!statSync(path).isFile()) throw new StartError('failed', `${name} is a folder; --model takes a GGUF file.`);
    return { id: idOfFile(path), path, embedded: false };
  }
  if (/[\\/]|\.gguf$/i.test(name)) throw new StartError('failed', `There is no file ${name}.`);
  const ids = embeddedModels.map(({ id }) => id);
  throw new StartError(
    'usage',
    `There is no model '${name}'. Did you mean '${closest(name, ids)}'? A model file is named by its path, such as ./${name}.gguf.`,
  );
}

/** `Dir/My-Model-00001-of-00003.gguf` → `my-model`. */
function idOfFile(path: string): string {
  return basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/-\d{5}-of-\d{5}$/, '')
    .replace(/[\s?#]+/g, '-')
    .toLowerCase();
}
