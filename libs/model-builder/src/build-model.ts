import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { findArchitecture } from './architectures/find-architecture.js';
import type { BuiltModel } from './built-model.js';
import { asBuiltModel, buildFiles, readBuiltModel } from './built-model.js';
import { buildKey } from './build-key.js';
import { ModelBuildError } from './model-build-error.js';
import type { ModelManifest, WeightsForm } from './model-manifest.js';
import { builderVersion } from './model-manifest.js';
import type { GgufFile } from './read/gguf-file.js';
import { openGguf } from './read/gguf-file.js';
import { readRecommendedSampling } from './read/recommended-sampling.js';
import { readTokenizer } from './read/tokenizer-description.js';
import { encodeOnnx } from './write/encode-onnx.js';
import { GraphBuilder } from './write/graph-builder.js';
import { writeWeights } from './write/write-weights.js';

export interface BuildOptions {
  /** Path of the `.gguf` file. */
  readonly source: string;
  /**
   * The folder that the build becomes. It appears whole or not at all: files are written into a folder beside it,
   * named `<directory>.tmp-…`, which is renamed at the end and removed on failure. What is there is replaced, except by
   * a build with the same key.
   */
  readonly directory: string;
  /** How matrices are stored. @default 'int8-block32' */
  readonly weights?: WeightsForm | undefined;
  /** Called when a phase starts and as it goes on. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
  /** Ends the build, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface BuildProgress {
  /** Phases come in this order. */
  readonly phase: 'read' | 'weights' | 'finish';
  /** Steps of this phase that are done. */
  readonly done: number;
  readonly total: number;
}

/**
 * Turns a GGUF file into an ONNX graph, its weights and a tokenizer description. Weights are converted a few rows at a
 * time, so memory does not grow with the model.
 *
 * @throws ModelBuildError every code; the signal's reason when it aborts
 */
export async function buildModel(options: BuildOptions): Promise<BuiltModel> {
  const { source, weights = 'int8-block32', onProgress, signal } = options;
  const directory = resolve(options.directory);
  signal?.throwIfAborted();
  onProgress?.({ phase: 'read', done: 0, total: 1 });
  const file = await openGguf(source);
  const scratch = `${directory}.tmp-${randomBytes(6).toString('hex')}`;
  try {
    const manifest = await writeBuild(file, scratch, await buildKey(source, weights), weights, onProgress, signal);
    signal?.throwIfAborted();
    return await settle(scratch, directory, manifest);
  } catch (error) {
    if (error instanceof ModelBuildError || signal?.aborted) throw error;
    if (!isSystemError(error)) throw error;
    throw new ModelBuildError('io', `${basename(directory)}: cannot be written: ${error.message}`, { cause: error });
  } finally {
    await file.close();
    await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function writeBuild(
  file: GgufFile,
  directory: string,
  key: string,
  form: WeightsForm,
  onProgress: BuildOptions['onProgress'],
  signal: AbortSignal | undefined,
): Promise<ModelManifest> {
  const { shape, build } = findArchitecture(file);
  const tokenizer = JSON.stringify(readTokenizer(file, shape.vocabularySize));
  const graph = new GraphBuilder(form);
  await build(graph);
  const model = encodeOnnx(graph.finish(shape.architecture), {
    dataFile: buildFiles.data,
    producer: '@mcli/model-builder',
    producerVersion: String(builderVersion),
  });
  onProgress?.({ phase: 'read', done: 1, total: 1 });

  await mkdir(directory, { recursive: true });
  const target = await open(join(directory, buildFiles.data), 'wx');
  try {
    await target.truncate(graph.dataBytes);
    await writeWeights({
      source: file,
      target,
      weights: graph.weights,
      onProgress: onProgress && ((done, total) => onProgress({ phase: 'weights', done, total })),
      signal,
    });
    onProgress?.({ phase: 'finish', done: 0, total: 1 });
    await target.sync();
  } finally {
    await target.close();
  }
  await writeFile(join(directory, buildFiles.graph), model, { flush: true });
  await writeFile(join(directory, buildFiles.tokenizer), tokenizer, { flush: true });
  const manifest: ModelManifest = {
    builderVersion,
    key,
    architecture: shape.architecture,
    name: file.metadata.text('general.name'),
    layers: shape.layers,
    heads: shape.heads,
    kvHeads: shape.kvHeads,
    headSize: shape.headSize,
    hiddenSize: shape.hiddenSize,
    vocabularySize: shape.vocabularySize,
    contextLength: shape.contextLength,
    weights: form,
    graph: buildFiles.graph,
    tokenizer: buildFiles.tokenizer,
    files: {
      [buildFiles.graph]: model.byteLength,
      [buildFiles.data]: graph.dataBytes,
      [buildFiles.tokenizer]: Buffer.byteLength(tokenizer),
    },
    source: { file: file.label, sizeBytes: file.size },
    created: Math.floor(Date.now() / 1000),
    recommendedSampling: readRecommendedSampling(file.metadata),
  };
  await writeFile(join(directory, buildFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  onProgress?.({ phase: 'finish', done: 1, total: 1 });
  return manifest;
}

/**
 * Puts a finished build in its place. (1) When another process made the same build meanwhile, that one stays.
 * (2) Anything else that is there goes.
 */
async function settle(scratch: string, directory: string, manifest: ModelManifest): Promise<BuiltModel> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(scratch, directory);
      return asBuiltModel(directory, manifest);
    } catch (error) {
      const occupied = isSystemError(error) && ['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR'].includes(error.code ?? '');
      if (!occupied || attempt === 3) throw error;
    }
    const found = await readBuiltModel(directory).catch(() => undefined);
    if (found?.manifest.key === manifest.key) return found; // (1)
    const old = `${scratch}.old-${attempt}`;
    await rename(directory, old).catch(() => undefined); // (2)
    await rm(old, { recursive: true, force: true });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as { syscall?: unknown } | null)?.syscall === 'string';
}
