import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelBuildError } from './model-build-error.js';
import type { ModelManifest } from './model-manifest.js';
import { builderVersion } from './model-manifest.js';

/** Names of the files in a build's folder. */
export const buildFiles = {
  write: 'model.onnx',
  read: 'model.read.onnx',
  data: 'model.onnx.data',
  tokenizer: 'tokenizer.json',
  cacheScales: 'cache-scales.f32',
  manifest: 'manifest.json',
} as const;

/** A model that is ready to be run. */
export interface BuiltModel {
  readonly directory: string;
  /** Path of the graph that writes. */
  readonly writePath: string;
  /** Path of the graph that reads prompts, over the same weights; the other one when that reads too. */
  readonly readPath: string;
  /** Path of the graphs' weights. */
  readonly dataPath: string;
  /** Path of the `TokenizerDescription`. */
  readonly tokenizerPath: string;
  readonly manifest: ModelManifest;
}

/**
 * Reads a build's manifest and checks that the build is whole: made by this version of the builder, every file there
 * with its size. The contents are not read.
 *
 * @throws ModelBuildError `io` when there is no build, `invalid_gguf` when it is not whole
 */
export async function readBuiltModel(directory: string): Promise<BuiltModel> {
  const label = basename(directory);
  const text = await readFile(join(directory, buildFiles.manifest), 'utf8').catch((cause: unknown) => {
    throw new ModelBuildError('io', `${label}: holds no built model: ${(cause as Error).message}`, { cause });
  });
  const manifest = parseManifest(text);
  if (manifest?.builderVersion !== builderVersion) {
    throw new ModelBuildError('invalid_gguf', `${label}: was not built by version ${builderVersion} of the builder`);
  }
  const { write, read = write } = manifest.graphs ?? { write: buildFiles.write };
  const scales = manifest.cache === 'int8' ? [buildFiles.cacheScales] : [];
  for (const name of [write, read, buildFiles.data, buildFiles.tokenizer, ...scales]) {
    const expected = manifest.files?.[name];
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (expected === undefined || found?.size !== expected) {
      throw new ModelBuildError(
        'invalid_gguf',
        `${label}: ${name} has ${found?.size ?? 'no'} bytes, expected ${expected}`,
      );
    }
  }
  return asBuiltModel(directory, manifest);
}

/** A build's folder and manifest with the paths that follow from them. */
export function asBuiltModel(directory: string, manifest: ModelManifest): BuiltModel {
  return {
    directory,
    writePath: join(directory, manifest.graphs.write),
    readPath: join(directory, manifest.graphs.read ?? manifest.graphs.write),
    dataPath: join(directory, buildFiles.data),
    tokenizerPath: join(directory, buildFiles.tokenizer),
    manifest,
  };
}

function parseManifest(text: string): ModelManifest | undefined {
  try {
    return JSON.parse(text) as ModelManifest;
  } catch {
    return undefined;
  }
}

/**
 * The scales of a build's 8-bit cache: layer by layer, first for keys, then for values, `[kvHeads · headSize]` each. A
 * kept number stands for itself times its channel's scale. None when the cache is float32.
 *
 * @throws ModelBuildError `io`
 */
export async function readCacheScales({ directory, manifest }: BuiltModel): Promise<readonly Float32Array[]> {
  if (manifest.cache !== 'int8') return [];
  const bytes = await readFile(join(directory, buildFiles.cacheScales)).catch((cause: unknown) => {
    throw new ModelBuildError('io', `${basename(directory)}: has no cache scales: ${(cause as Error).message}`, {
      cause,
    });
  });
  const size = manifest.kvHeads * manifest.headSize;
  const all = new Float32Array(new Uint8Array(bytes).buffer);
  return Array.from({ length: 2 * manifest.layers }, (_, at) => all.slice(at * size, (at + 1) * size));
}
