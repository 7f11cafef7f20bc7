import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { IntegerWeights } from '@mcli/ort';
import { OrtError } from '@mcli/ort';
import type { GraphRole } from './architectures/attention.js';
import { findArchitecture } from './architectures/find-architecture.js';
import type { BuiltModel } from './built-model.js';
import { asBuiltModel, buildFiles, readBuiltModel } from './built-model.js';
import { buildKey } from './build-key.js';
import { calibrateCache } from './calibrate-cache.js';
import { ModelBuildError } from './model-build-error.js';
import { exactIntegers } from './exact-integers.js';
import type { CalibratedForm, ModelManifest, WeightsForm } from './model-manifest.js';
import { builderVersion, defaultForm } from './model-manifest.js';
import { isOwnFolder } from './own-folder.js';
import type { GgufFile } from './read/gguf-file.js';
import { openGguf } from './read/gguf-file.js';
import { readRecommendedSampling } from './read/recommended-sampling.js';
import type { TokenizerDescription } from './read/tokenizer-description.js';
import { readTokenizer } from './read/tokenizer-description.js';
import type { Recipe } from './recipes.js';
import { hasExactRows, inOnePiece, recipes } from './recipes.js';
import { DataLayout } from './write/data-layout.js';
import { encodeOnnx } from './write/encode-onnx.js';
import { findMatrices } from './write/find-matrices.js';
import { GraphBuilder } from './write/graph-builder.js';
import type { OnnxGraph } from './write/onnx-graph.js';
import { writeAt } from './write/write-at.js';
import { writeWeights } from './write/write-weights.js';

interface CommonBuildOptions {
  /** Path of the `.gguf` file. */
  readonly source: string;
  /**
   * The folder that the build becomes. It appears whole or not at all: files are written into a folder beside it,
   * named `<directory>.tmp-…`, which is renamed at the end and removed on failure. Another build that is there is replaced,
   * one with the same key stays, and anything that may be somebody else's is never touched.
   */
  readonly directory: string;
  /** What 8-bit matrices are stored as. @default what this machine multiplies exactly (`exactIntegers`) */
  readonly integers?: IntegerWeights | undefined;
  /**
   * Threads that convert weights and calibrate; with 1 weights are converted where `buildModel` is called. What is built
   * doesn't depend on it.
   * @default one for each processor that this process may use, fewer for small models and where they would take too much memory
   */
  readonly threads?: number | undefined;
  /** Called when a phase starts and as it goes on. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
  /** Ends the build, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives the tokens of a few texts such as the model will see, some hundred tokens each: from them a build with an 8-bit
 * cache learns how large keys and values get. Called before weights are converted: what it throws ends the build.
 */
export type Calibration = (tokenizer: TokenizerDescription) => readonly (readonly number[])[];

/** `weights`: how matrices and the cache are stored, by default `int8-row`. Forms with an 8-bit cache need a `calibration`. */
export type BuildOptions = CommonBuildOptions &
  (
    | { readonly weights?: CalibratedForm | undefined; readonly calibration: Calibration }
    | { readonly weights: Exclude<WeightsForm, CalibratedForm>; readonly calibration?: Calibration | undefined }
  );

export interface BuildProgress {
  /** Phases come in this order; `calibrate` only for an 8-bit cache. */
  readonly phase: 'read' | 'weights' | 'calibrate' | 'finish';
  /** Parts of this phase that are done: bytes of weights, tokens of the calibration. */
  readonly done: number;
  readonly total: number;
}

/**
 * Turns a GGUF file into an ONNX graph, its weights and a tokenizer description. Weights are converted a few rows at a
 * time, so memory does not grow with the model. What the file says wrongly of itself and was put right is in the
 * manifest's `warnings`.
 *
 * @throws ModelBuildError every code; TypeError without `calibration` where it is needed; the signal's reason when it aborts
 */
export async function buildModel(options: BuildOptions): Promise<BuiltModel> {
  const { source, weights = defaultForm, onProgress, signal } = options;
  const directory = resolve(options.directory);
  if (recipes[weights].cache === 'int8' && !options.calibration)
    throw new TypeError(`The form ${weights} needs the option calibration.`);
  signal?.throwIfAborted();
  onProgress?.({ phase: 'read', done: 0, total: 1 });
  const file = await openGguf(source);
  const scratch = `${directory}.tmp-${randomBytes(6).toString('hex')}`;
  try {
    const integers = options.integers ?? (await exactIntegers());
    const key = await buildKey(source, weights, integers);
    const manifest = await writeBuild(file, scratch, { key, weights, integers }, options);
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
  { key, weights: form, integers }: Pick<ModelManifest, 'key' | 'weights' | 'integers'>,
  { onProgress, signal, calibration, threads }: BuildOptions,
): Promise<ModelManifest> {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const { shape, build } = findArchitecture(file, onWarning);
  const description = readTokenizer(file, shape.vocabularySize, onWarning);
  const recommendedSampling = readRecommendedSampling(file.metadata, onWarning);
  const tokenizer = JSON.stringify(description);
  const recipe: Recipe = recipes[form];
  const data = new DataLayout();
  const encode = (
    name: string,
    role: GraphRole,
    used = recipe,
  ): { readonly name: string; readonly bytes: Uint8Array; readonly graph: OnnxGraph } => {
    const builder = new GraphBuilder(data, integers);
    build(builder, { recipe: used, role });
    const graph = builder.finish(shape.architecture);
    const bytes = encodeOnnx(graph, {
      dataFile: buildFiles.data,
      producer: '@mcli/model-builder',
      producerVersion: String(builderVersion),
    });
    return { name, bytes, graph };
  };
  const isInt8 = recipe.cache === 'int8';
  const graphs = isInt8
    ? [encode(buildFiles.write, 'write'), encode(buildFiles.read, 'read')]
    : [encode(buildFiles.write, 'both')];
  const measuring =
    calibration && isInt8
      ? { ...encode('calibration.onnx', 'both', inOnePiece(recipe)), texts: calibration(description) }
      : undefined;
  onProgress?.({ phase: 'read', done: 1, total: 1 });

  await mkdir(directory, { recursive: true });
  const target = await open(join(directory, buildFiles.data), 'wx+');
  try {
    await target.truncate(data.bytes);
    await writeWeights({
      files: { source: { fd: file.fd, label: file.label }, target: target.fd },
      weights: data.weights,
      threads,
      onProgress: onProgress && ((done, total) => onProgress({ phase: 'weights', done, total })),
      signal,
    });
    const stored = target.datasync(); // Goes on while the cache is calibrated.
    stored.catch(() => undefined);
    if (measuring) {
      onProgress?.({ phase: 'calibrate', done: 0, total: 1 });
      const path = join(directory, measuring.name);
      await writeFile(path, measuring.bytes);
      const scales = await calibrate(file, path, shape, measuring.texts, {
        threads,
        signal,
        onProgress: (done, total) => onProgress?.({ phase: 'calibrate', done, total }),
      });
      for (const { name, scale } of scales) {
        writeAt(target.fd, scale, data.reserve(name, scale.byteLength).offset);
      }
      const bytes = Buffer.concat(scales.map(({ scale }) => bytesOf(scale)));
      await writeFile(join(directory, buildFiles.cacheScales), bytes, { flush: true });
      await rm(path);
    }
    onProgress?.({ phase: 'finish', done: 0, total: 1 });
    await stored;
    await target.sync();
  } finally {
    await target.close();
  }
  for (const { name, bytes } of graphs) await writeFile(join(directory, name), bytes, { flush: true });
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
    integers,
    cache: recipe.cache,
    exactRows: hasExactRows(recipe),
    graphs: { write: buildFiles.write, ...(isInt8 ? { read: buildFiles.read } : {}) },
    matrices: isInt8 ? findMatrices(graphs.map(({ graph }) => graph)) : [],
    tokenizer: buildFiles.tokenizer,
    files: {
      ...Object.fromEntries(graphs.map(({ name, bytes }) => [name, bytes.byteLength])),
      ...(isInt8 ? { [buildFiles.cacheScales]: 8 * shape.layers * shape.kvHeads * shape.headSize } : {}),
      [buildFiles.data]: data.bytes,
      [buildFiles.tokenizer]: Buffer.byteLength(tokenizer),
    },
    source: { file: file.label, sizeBytes: file.size },
    created: Math.floor(Date.now() / 1000),
    warnings,
    recommendedSampling,
  };
  await writeFile(join(directory, buildFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  onProgress?.({ phase: 'finish', done: 1, total: 1 });
  return manifest;
}

/**
 * Puts a finished build in its place. (1) When another process made the same build meanwhile, that one stays.
 * (2) A folder with other files than a build's stays, and building fails. (3) Another build goes.
 *
 * @throws ModelBuildError `io`
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
    if (existsSync(directory) && !(await isOwnFolder(directory))) {
      const label = basename(directory);
      throw new ModelBuildError('io', `${label}: holds other things than a build. Choose another directory.`); // (2)
    }
    const old = `${scratch}.old-${attempt}`;
    await rename(directory, old).catch(() => undefined); // (3)
    await rm(old, { recursive: true, force: true });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as { syscall?: unknown } | null)?.syscall === 'string';
}

/** A file whose numbers make no sense shows when its graph runs for the first time. */
async function calibrate(
  file: GgufFile,
  ...given: Parameters<typeof calibrateCache>
): ReturnType<typeof calibrateCache> {
  try {
    return await calibrateCache(...given);
  } catch (cause) {
    if (!(cause instanceof OrtError) || !['invalid_model', 'run_failed'].includes(cause.code)) throw cause;
    const [line] = cause.message.split('\n');
    throw new ModelBuildError('invalid_gguf', `${file.label}: the model can't be computed: ${line}`, { cause });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
