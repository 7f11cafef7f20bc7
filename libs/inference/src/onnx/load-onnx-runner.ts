import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SamplingOptions } from '../contract.js';
import type { TraceSink } from '../engine/trace.js';
import type { Tokenizer } from '../engine/model-runner.js';
import { InferenceError } from '../errors.js';
import { importPeers } from '../import-peers.js';
import type { OnnxRunner } from './onnx-runner.js';
import { planKvCache } from '../engine/plan-kv-cache.js';
import type { TokenizerOptions } from '../tokenizer/tokenizer.js';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import type { TokenizerData } from '../tokenizer/tokenizer-data.js';

export interface LoadOnnxRunnerOptions {
  /** The name by which requests choose the model. */
  readonly id: string;
  /** A folder that `buildModel` of `@mcli/model-builder` made. */
  readonly directory: string;
  /** Positions of a sequence. @default the model's, less when memory is short */
  readonly context?: number | undefined;
  /** @default 8, fewer when memory is short */
  readonly slots?: number | undefined;
  /** Bytes that the KV cache may take when it is full. @default a quarter of the memory that is free for this process */
  readonly kvCacheBytes?: number | undefined;
  /** Threads that compute. @default one for each physical core that this process may use */
  readonly threads?: number | undefined;
  /** Most tokens that one item of a pass may append. @default 512 */
  readonly longestChunk?: number | undefined;
  /** @default what the model's file recommends */
  readonly recommendedSampling?: SamplingOptions | undefined;
  /** Which way to the runtime is tried first. @default native */
  readonly prefer?: 'native' | 'worker' | undefined;
  /**
   * Told what operators the first passes of each graph consist of, and how long they took; these passes take up to twice
   * as long. Nothing is measured when the runtime's slower way is taken. @default nobody is told
   */
  readonly trace?: TraceSink | undefined;
  /** Said once, when the runtime's library can't be used directly and the slower way is taken. */
  readonly onFallback?: ((reason: string) => void) | undefined;
  /**
   * Told of each thing that the model's file says wrongly of itself and that was put right, in one sentence, which may quote
   * the file: when it was built, whenever that was, and now. @default nobody is told
   */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Loads a built model, ready to compute.
 *
 * @throws InferenceError `unsupported` when the cache doesn't fit the memory, the tokenizer isn't known, or the build
 * was made for a processor that multiplies otherwise
 * @throws OrtError when the runtime can't be loaded
 * @throws Error when the optional peers aren't installed, with what to install
 */
export async function loadOnnxRunner(options: LoadOnnxRunnerOptions): Promise<OnnxRunner> {
  const { readBuiltModel, readCacheScales, exactIntegers, loadRuntime, OnnxRunner, chooseAttention, loadSessions } =
    await importPeers(async () => ({
      ...(await import('@mcli/model-builder')),
      ...(await import('@mcli/ort')),
      ...(await import('./onnx-runner.js')),
      ...(await import('./choose-attention.js')),
      ...(await import('./load-sessions.js')),
    }));
  const built = await readBuiltModel(options.directory);
  const { manifest, writePath, readPath, directory } = built;
  for (const warning of manifest.warnings) options.onWarning?.(warning);
  const numbersPerPosition = 2 * manifest.layers * manifest.kvHeads * manifest.headSize;
  const plan = planKvCache({
    bytesPerPosition: numbersPerPosition * (manifest.cache === 'int8' ? 1 : 4),
    sharedBytesPerPosition: manifest.cache === 'int8' ? numbersPerPosition * 4 : 0,
    modelContext: manifest.contextLength,
    context: options.context,
    slots: options.slots,
    budget: options.kvCacheBytes ?? process.availableMemory() / 4,
  });
  const { prefer, onFallback } = options;
  const runtime = await loadRuntime({ ...(prefer ? { prefer } : {}), ...(onFallback ? { onFallback } : {}) });
  try {
    if (manifest.integers === 'int8' && (await exactIntegers(runtime)) !== 'int8') {
      const why = `'${options.id}' was built for another kind of processor, and this one would compute it wrongly.`;
      throw new InferenceError('unsupported', `${why} Build it again on this machine.`);
    }
    const settings = options.threads === undefined ? {} : { threads: options.threads };
    if (readPath !== writePath) await chooseAttention(runtime, built, settings);
    // The sessions are loaded on other threads; the tokenizer is made here meanwhile.
    const [made, loaded] = await Promise.allSettled([
      readTokenizer(join(directory, manifest.tokenizer), options),
      loadSessions(runtime, built, { ...settings, profile: options.trace !== undefined }),
    ]);
    if (made.status === 'rejected') throw made.reason;
    if (loaded.status === 'rejected') throw loaded.reason;
    const tokenizer = made.value;
    const { write, read } = loaded.value;
    return new OnnxRunner({
      runtime,
      session: write,
      reading: read && { session: read, scales: await readCacheScales(built) },
      trace: options.trace,
      exactRows: manifest.exactRows,
      tokenizer,
      vocabularySize: manifest.vocabularySize,
      longestChunk: options.longestChunk ?? 512,
      card: {
        id: options.id,
        engine: 'onnx',
        contextLength: plan.context,
        slots: plan.slots,
        created: manifest.created,
        recommendedSampling: options.recommendedSampling ?? manifest.recommendedSampling,
      },
      cache: {
        layers: manifest.layers,
        slots: plan.slots,
        kvHeads: manifest.kvHeads,
        positions: plan.context,
        headSize: manifest.headSize,
        type: manifest.cache,
      },
      cacheBytes: plan.bytes,
    });
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

async function readTokenizer(path: string, { onWarning }: TokenizerOptions): Promise<Tokenizer> {
  return createTokenizer(JSON.parse(await readFile(path, 'utf8')) as TokenizerData, { onWarning });
}
