import { stat } from 'node:fs/promises';
import type { LlamaCpp, LlamaModel } from '@mcli/llama-cpp';
import type { GgufHeader } from '@mcli/model-builder';
import type { SamplingOptions } from '../contract.js';
import { InferenceError } from '../errors.js';
import { importPeers } from '../import-peers.js';
import { fitGpuLayers } from './fit-gpu-layers.js';
import { GrowingContext } from './growing-context.js';
import { LlamaCppRunner } from './llama-cpp-runner.js';
import { llamaCppPeers, loadLlamaCppLibrary } from './load-llama-cpp-library.js';
import { modelFileBytes } from './model-file-bytes.js';
import type { MemoryPlan } from './plan-memory.js';
import { checkWeights, planMemory } from './plan-memory.js';
import { readModelShape } from './read-model-shape.js';
import { ThreadTuner } from './thread-tuner.js';
import { createVocabularyTokenizer } from './vocabulary-tokenizer.js';

export interface LoadLlamaCppRunnerOptions {
  /** The name by which requests choose the model. */
  readonly id: string;
  /** A GGUF file, or the first one of a split set. */
  readonly path: string;
  /** Positions of a sequence. @default the model's, less when memory is short */
  readonly context?: number | undefined;
  /** @default 8, fewer when memory is short */
  readonly slots?: number | undefined;
  /**
   * Bytes that the KV cache may take when it is full.
   * @default a quarter of the memory that is free for this process, at most half of what the weights leave
   */
  readonly kvCacheBytes?: number | undefined;
  /**
   * Threads that compute. @default at most one for each physical core that this process may use; fewer while fewer are faster
   */
  readonly threads?: number | undefined;
  /** How many of the model's layers are computed on GPUs. @default 'auto': as many as fit; none without a GPU */
  readonly gpuLayers?: number | 'auto' | undefined;
  /**
   * Whether a generation that runs alone may check drafted tokens. Faster for text that repeats itself, and its text may
   * differ then where two tokens are about as likely. @default false
   */
  readonly drafts?: boolean | undefined;
  /** Most tokens that are computed in one go. @default 512 */
  readonly longestChunk?: number | undefined;
  /** @default what the model's file recommends */
  readonly recommendedSampling?: SamplingOptions | undefined;
  /** Told in one sentence each of what is wrong in the model's file, and what takes its place. @default nobody is told */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** The library's log, line by line. @default nobody hears it */
  readonly onLog?: ((line: { readonly level: string; readonly text: string }) => void) | undefined;
}

/** Where a model's layers are computed. */
export interface Placement {
  /** llama.cpp's release. */
  readonly version: string;
  /** The npm package that its libraries are from. */
  readonly package: string;
  /** How many layers are computed on GPUs, of how many. */
  readonly gpuLayers: number;
  readonly layers: number;
  /** Names of the GPUs in use. */
  readonly gpus: readonly string[];
  readonly cacheType: MemoryPlan['cacheType'];
}

/** Drafted tokens that are checked in one pass at most. */
const mostDrafts = 16;

/**
 * Opens a GGUF file with llama.cpp, ready to compute. To be called in a process of its own: a failed assertion inside the
 * library ends the process.
 *
 * @throws InferenceError `unsupported` when it doesn't fit the memory, or is no model that writes text
 * @throws LlamaCppError when the library can't be loaded, or can't read the file
 * @throws Error when the optional peers aren't installed, with what to install
 */
export async function loadLlamaCppRunner(
  options: LoadLlamaCppRunnerOptions,
): Promise<{ readonly runner: LlamaCppRunner; readonly placement: Placement }> {
  const peers = await importPeers(
    async () => ({ ...(await import('@mcli/model-builder')), ...(await import('@mcli/ort')) }),
    llamaCppPeers,
  );
  const header = await peers.readGgufHeader(options.path);
  const library = await loadLlamaCppLibrary(options.gpuLayers);
  const stopLog = options.onLog && library.onLog(options.onLog);
  try {
    return await openModel({ ...peers, library, header }, options, stopLog);
  } catch (error) {
    stopLog?.();
    throw error;
  }
}

interface Opener {
  readonly library: LlamaCpp;
  readonly header: GgufHeader;
  readonly defaultThreads: typeof import('@mcli/ort').defaultThreads;
  readonly readRecommendedSampling: typeof import('@mcli/model-builder').readRecommendedSampling;
}

async function openModel(
  { library, header, defaultThreads, readRecommendedSampling }: Opener,
  options: LoadLlamaCppRunnerOptions,
  onDispose: (() => void) | undefined,
): ReturnType<typeof loadLlamaCppRunner> {
  const { id, path, gpuLayers = 'auto', threads = defaultThreads(), longestChunk = 512 } = options;
  const shape = readModelShape(header);
  const weightBytes = await modelFileBytes(path);
  const gpus = library.devices().filter(({ kind }) => kind === 'gpu' || kind === 'integrated-gpu');
  if (gpus.length === 0 || gpuLayers === 0) checkWeights(id, weightBytes);
  const { plan, cacheType } = planMemory(shape, weightBytes, options);
  const onGpu = gpuLayers === 'auto' ? fitGpuLayers(gpus, shape, plan.bytes) : gpus.length === 0 ? 0 : gpuLayers;
  const model = await library.loadModel(path, { gpuLayers: onGpu });
  try {
    checkKind(id, model);
    const draftable = options.drafts === true && model.memory === 'cache' ? mostDrafts : 0;
    const context = await GrowingContext.create(model, {
      positions: plan.context,
      sequences: plan.slots,
      threads,
      batchTokens: longestChunk + plan.slots + draftable,
      passTokens: longestChunk,
      outputs: Math.max(plan.slots, 1 + draftable),
      cacheType,
    });
    const runner = new LlamaCppRunner({
      model,
      context,
      tokenizer: createVocabularyTokenizer(model, options.onWarning),
      slots: plan.slots,
      tuner: options.threads === undefined ? new ThreadTuner(threads) : undefined,
      longestDraft: draftable,
      cacheBytes: plan.bytes,
      onDispose,
      card: {
        id,
        engine: 'llama.cpp',
        contextLength: plan.context,
        slots: plan.slots,
        created: Math.floor((await stat(path)).mtimeMs / 1000),
        recommendedSampling:
          options.recommendedSampling ??
          readRecommendedSampling(header.metadata, (message) => options.onWarning?.(message)),
      },
    });
    const computed = onGpu === 'all' ? model.layers : Math.min(onGpu, model.layers);
    const placement: Placement = {
      version: library.version,
      package: library.package,
      gpuLayers: computed,
      layers: model.layers,
      gpus: computed > 0 ? gpus.map(({ name }) => name) : [],
      cacheType,
    };
    return { runner, placement };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

function checkKind(id: string, { kind }: LlamaModel): void {
  if (kind === 'decoder') return;
  const what = {
    encoder: 'makes embeddings and writes no text',
    both: 'is of a kind with an encoder and a decoder, which is not served yet',
    diffusion: 'is a diffusion model, which is not served yet',
  }[kind];
  throw new InferenceError('unsupported', `'${id}' ${what}.`);
}
