import type { NativeLibrary } from './native/native-library.js';
import type { CTypes } from './native/structs.js';
import { cacheTypes, poolingTypes } from './native/structs.js';

export interface ContextOptions {
  /** Positions of one sequence. Rounded up to a multiple of 256. */
  readonly positions: number;
  /** Sequences that it holds at once. @default 1 */
  readonly sequences?: number | undefined;
  /** Threads that compute. */
  readonly threads: number;
  /** Most tokens of a batch. @default 2048 */
  readonly batchTokens?: number | undefined;
  /** Most tokens that are computed at once; longer batches take several passes. @default 512 */
  readonly passTokens?: number | undefined;
  /** Rows of logits that a batch may ask for at most; working space for each is taken. @default one for each sequence */
  readonly outputs?: number | undefined;
  /** Rows of logits that one sequence of a batch may ask for. @default 1 */
  readonly outputsPerSequence?: number | undefined;
  /** How keys and values are kept: `q8_0` takes 53 % of `f16`'s memory. @default 'f16' */
  readonly cacheType?: keyof typeof cacheTypes | undefined;
  /**
   * Whether layers with a sliding window keep everything: sequences can be cut back then. Otherwise they keep the window
   * alone, which takes less memory. @default true
   */
  readonly keepWholeWindow?: boolean | undefined;
  /**
   * Makes embeddings instead of logits. `model`: one vector a sequence, made as the file says; `none`: one a token.
   * @default no embeddings
   */
  readonly embeddings?: keyof typeof poolingTypes | undefined;
}

/** @param abortFlag memory whose first byte, when set, ends a computation on the processor */
export function toContextParams(
  { functions, isSet, addressOf }: NativeLibrary,
  options: ContextOptions,
  abortFlag: Uint8Array,
): CTypes['contextParams'] {
  const { sequences = 1, embeddings } = options;
  const type = cacheTypes[options.cacheType ?? 'f16'];
  const batchTokens = options.batchTokens ?? 2048;
  return {
    ...functions.llama_context_default_params(),
    n_ctx: options.positions * sequences,
    n_batch: batchTokens,
    n_ubatch: Math.min(options.passTokens ?? 512, batchTokens),
    n_seq_max: sequences,
    // Where embeddings are asked for, every token has an output.
    n_outputs_max: embeddings === undefined ? (options.outputs ?? sequences) : batchTokens,
    n_outputs_max_per_seq: embeddings === undefined ? (options.outputsPerSequence ?? 1) : batchTokens,
    n_threads: options.threads,
    n_threads_batch: options.threads,
    pooling_type: poolingTypes[embeddings ?? 'model'],
    embeddings: embeddings !== undefined,
    type_k: type,
    type_v: type,
    swa_full: options.keepWholeWindow ?? true,
    abort_callback: isSet,
    abort_callback_data: addressOf(abortFlag),
  };
}
