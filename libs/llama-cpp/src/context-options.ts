import { LlamaCppError } from './llama-cpp-error.js';
import type { NativeLibrary } from './native/native-library.js';
import type { CTypes } from './native/structs.js';
import { cacheTypes, poolingTypes } from './native/structs.js';

export interface ContextOptions {
  /**
   * Positions of one sequence. Rounded up to a multiple of 256. Models with learnt positions (GPT-2, BERT) have none beyond
   * `LlamaModel.contextLength`, and the library ends the process at the first token there.
   */
  readonly positions: number;
  /** Sequences that it holds at once, 256 at most. @default 1 */
  readonly sequences?: number | undefined;
  /** Threads that compute, 512 at most. */
  readonly threads: number;
  /** Most tokens of a batch; at least one for each sequence, a multiple of these for embeddings. @default 2048 */
  readonly batchTokens?: number | undefined;
  /**
   * Most tokens that are computed at once; longer batches take several passes. Models whose tokens see all others, and
   * embeddings, take one pass always. @default 512
   */
  readonly passTokens?: number | undefined;
  /**
   * Outputs that a batch may ask for at most; working space for each is taken. At least one for each sequence.
   * @default one for each sequence
   */
  readonly outputs?: number | undefined;
  /** How keys and values are kept: `q8_0` takes 53 % of `f16`'s memory. @default 'f16' */
  readonly cacheType?: keyof typeof cacheTypes | undefined;
  /**
   * Whether layers with a sliding window keep everything: sequences can be cut back then. Otherwise they keep the window
   * alone, which takes less memory. @default true
   */
  readonly keepWholeWindow?: boolean | undefined;
  /**
   * Makes embeddings instead of logits. `model`: as the file says, one vector a sequence or one a token; `none`: one a
   * token; the others: one a sequence, made of those. @default no embeddings
   */
  readonly embeddings?: keyof typeof poolingTypes | undefined;
}

/** `ContextOptions` with all defaults, which fit one another. */
export interface ResolvedContextOptions {
  readonly positions: number;
  readonly sequences: number;
  readonly threads: number;
  readonly batchTokens: number;
  readonly passTokens: number;
  readonly outputs: number;
  readonly cacheType: keyof typeof cacheTypes;
  readonly keepWholeWindow: boolean;
  readonly embeddings: keyof typeof poolingTypes | undefined;
}

/**
 * @param inOnePass whether the model computes a batch as a whole only
 * @throws LlamaCppError `invalid_argument`, with the option's name
 */
export function resolveContextOptions(options: ContextOptions, inOnePass: boolean): ResolvedContextOptions {
  const { positions, sequences = 1, threads, embeddings, cacheType = 'f16' } = options;
  checkNumber('sequences', sequences, 256);
  checkNumber('positions', positions, Math.floor((2 ** 31 - 256) / sequences) - 256);
  checkNumber('threads', threads, 512);
  for (const name of ['batchTokens', 'passTokens', 'outputs'] as const) {
    const value = options[name];
    if (value !== undefined) checkNumber(name, value, 2 ** 24);
  }
  checkName('cacheType', cacheType, cacheTypes);
  if (embeddings !== undefined) checkName('embeddings', embeddings, poolingTypes);
  const whole = inOnePass || embeddings !== undefined;
  // The library ends the process when there is not an output for each sequence, and where a batch that is read as a whole
  // doesn't hold equally many tokens of all.
  const most = Math.max(options.batchTokens ?? 2048, sequences);
  const batchTokens = whole ? Math.ceil(most / sequences) * sequences : most;
  return {
    positions,
    sequences,
    threads,
    batchTokens,
    passTokens: whole ? batchTokens : Math.min(options.passTokens ?? 512, batchTokens),
    // Where embeddings are asked for, every token has an output.
    outputs: embeddings === undefined ? Math.max(Math.min(options.outputs ?? 1, batchTokens), sequences) : batchTokens,
    cacheType,
    keepWholeWindow: options.keepWholeWindow ?? true,
    embeddings,
  };
}

/** @param abortFlag memory whose first byte, when set, ends a computation on the processor */
export function toContextParams(
  { functions, isSet, addressOf }: NativeLibrary,
  options: ResolvedContextOptions,
  abortFlag: Uint8Array,
): CTypes['contextParams'] {
  const { sequences, embeddings } = options;
  const type = cacheTypes[options.cacheType];
  return {
    ...functions.llama_context_default_params(),
    n_ctx: options.positions * sequences,
    n_batch: options.batchTokens,
    n_ubatch: options.passTokens,
    n_seq_max: sequences,
    n_outputs_max: options.outputs,
    n_outputs_max_per_seq: options.outputs,
    n_threads: options.threads,
    n_threads_batch: options.threads,
    pooling_type: poolingTypes[embeddings ?? 'none'],
    embeddings: embeddings !== undefined,
    type_k: type,
    type_v: type,
    swa_full: options.keepWholeWindow,
    abort_callback: isSet,
    abort_callback_data: addressOf(abortFlag),
  };
}

function checkNumber(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new LlamaCppError('invalid_argument', `${name} must be a number from 1 to ${most}; it is ${value}.`);
}

function checkName(name: string, value: string, known: Readonly<Record<string, number>>): void {
  if (Object.hasOwn(known, value)) return;
  const names = Object.keys(known).join(', ');
  throw new LlamaCppError('invalid_argument', `${name} must be one of ${names}; it is ${value}.`);
}
