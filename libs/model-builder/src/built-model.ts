import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelBuildError } from './model-build-error.js';
import type { ModelManifest } from './model-manifest.js';
import { builderVersion } from './model-manifest.js';

/** Names of the files in a build's folder. */
export const buildFiles = {
  graph: 'model.onnx',
  data: 'model.onnx.data',
  tokenizer: 'tokenizer.json',
  manifest: 'manifest.json',
} as const;

/** A model that is ready to be run. */
export interface BuiltModel {
  readonly directory: string;
  /** Path of the ONNX graph; its weights lie beside it. */
  readonly graphPath: string;
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
  for (const name of [buildFiles.graph, buildFiles.data, buildFiles.tokenizer]) {
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
    graphPath: join(directory, buildFiles.graph),
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
