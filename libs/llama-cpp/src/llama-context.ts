import { Batch } from './batch.js';
import { LlamaCppError } from './llama-cpp-error.js';
import type { LoraAdapter } from './lora-adapter.js';
import type { NativeFunctions } from './native/function-table.js';
import type { NativeLibrary } from './native/native-library.js';
import type { ThreadPool } from './thread-pool.js';

export interface ContextParts {
  /** Disposed of with the context. */
  readonly threads: ThreadPool;
  readonly abortFlag: Uint8Array;
  readonly vocabularySize: number;
  readonly embeddingSize: number;
  readonly onDispose: () => void;
}

/** Memory of some sequences of a model, and what is needed to go on with them. One thing at a time. */
export class LlamaContext {
  /** Positions that one sequence can hold. */
  readonly positions: number;
  /** Most tokens of a batch. */
  readonly batchTokens: number;
  readonly #library: NativeLibrary;
  readonly #functions: NativeFunctions;
  readonly #parts: ContextParts;
  readonly #memory: bigint;
  /** Views of the library's memory, by address: the same places are read again and again. */
  readonly #views = new Map<bigint, Float32Array>();
  #handle: bigint | undefined;
  #running: Promise<unknown> | undefined;

  /** Made by `LlamaModel.createContext`. */
  constructor(library: NativeLibrary, handle: bigint, parts: ContextParts) {
    const { functions } = library;
    this.#library = library;
    this.#functions = functions;
    this.#handle = handle;
    this.#parts = parts;
    this.#memory = functions.llama_get_memory(handle) ?? 0n;
    this.positions = functions.llama_n_ctx_seq(handle);
    this.batchTokens = functions.llama_n_batch(handle);
    functions.llama_attach_threadpool(handle, parts.threads.handle, parts.threads.handle);
  }

  /**
   * Computes on so many of its threads from the next batch on; the others rest.
   *
   * @throws LlamaCppError `invalid_argument` unless it is 1 to `threads` of the context's options
   */
  useThreads(count: number): void {
    const { threads } = this.#parts.threads;
    if (!Number.isInteger(count) || count < 1 || count > threads)
      throw new LlamaCppError('invalid_argument', `The context has 1 to ${threads} threads; ${count} were asked for.`);
    this.#functions.llama_set_n_threads(this.#idle(), count, count);
  }

  /** An empty batch of this context's size. */
  createBatch(): Batch {
    return new Batch(this.#library, this.batchTokens);
  }

  /**
   * Computes a batch on another thread: its tokens become part of their sequences, and the outputs that it asks for can be
   * read until the next batch is computed.
   *
   * @param signal ends it early where the processor computes, between two batches elsewhere; its reason is thrown, and what
   * the batch's sequences hold is unknown
   * @throws LlamaCppError `no_room` · `compute_failed` · `invalid_argument` · `busy` · `disposed`
   */
  async decode(batch: Batch, signal?: AbortSignal): Promise<void> {
    await this.#compute('llama_decode', batch, signal);
  }

  /** As `decode`, for models that only make embeddings: nothing is remembered. */
  async encode(batch: Batch, signal?: AbortSignal): Promise<void> {
    await this.#compute('llama_encode', batch, signal);
  }

  /**
   * The logits after the token at `index` of the last batch: `[vocabularySize]`, in the library's own memory, the caller's to
   * overwrite until the next batch.
   *
   * @throws LlamaCppError `invalid_argument` when the batch asked for none there
   */
  logitsAt(index: number): Float32Array {
    const address = this.#functions.llama_get_logits_ith(this.#idle(), index);
    return this.#numbersAt(address, this.#parts.vocabularySize, index);
  }

  /** The vector of the token at `index` of the last batch, `[embeddingSize]`; of contexts that make one for each token. */
  embeddingAt(index: number): Float32Array {
    const address = this.#functions.llama_get_embeddings_ith(this.#idle(), index);
    return this.#numbersAt(address, this.#parts.embeddingSize, index).slice();
  }

  /** The vector of a whole sequence of the last batch, `[embeddingSize]`; of contexts that make one for each sequence. */
  embeddingOf(sequence: number): Float32Array {
    const address = this.#functions.llama_get_embeddings_seq(this.#idle(), sequence);
    return this.#numbersAt(address, this.#parts.embeddingSize, sequence).slice();
  }

  /**
   * Forgets the positions `[from, to)` of a sequence. `false` when this model's memory can't be cut there, and then nothing
   * changed; a whole sequence can always be forgotten.
   *
   * @param to @default to its end
   */
  remove(sequence: number, from = 0, to = -1): boolean {
    this.#idle();
    return this.#functions.llama_memory_seq_rm(this.#memory, sequence, from, to);
  }

  /** Lets sequence `target`, which must be empty, begin with all of `source`. */
  copy(source: number, target: number): void {
    this.#idle();
    this.#functions.llama_memory_seq_cp(this.#memory, source, target, -1, -1);
  }

  /** Forgets all sequences but one. */
  keepOnly(sequence: number): void {
    this.#idle();
    this.#functions.llama_memory_seq_keep(this.#memory, sequence);
  }

  /** Forgets everything. */
  clear(): void {
    this.#idle();
    this.#functions.llama_memory_clear(this.#memory, false);
  }

  /** The first and the last position that a sequence remembers; `undefined` when it is empty. */
  rangeOf(sequence: number): { readonly first: number; readonly last: number } | undefined {
    this.#idle();
    const first = this.#functions.llama_memory_seq_pos_min(this.#memory, sequence);
    const last = this.#functions.llama_memory_seq_pos_max(this.#memory, sequence);
    return last < 0 ? undefined : { first, last };
  }

  /** All that a sequence remembers, as bytes that `restore` of a context of the same model and cache type takes. */
  async save(sequence: number): Promise<Uint8Array> {
    const handle = this.#idle();
    const size = Number(this.#functions.llama_state_seq_get_size(handle, sequence));
    const bytes = new Uint8Array(size);
    const call = this.#library.async('llama_state_seq_get_data', handle, bytes, size, sequence);
    const written = Number(await this.#run(call));
    return written === size ? bytes : bytes.subarray(0, written);
  }

  /** @throws LlamaCppError `invalid_argument` when these bytes aren't of such a context, or have more positions than it */
  async restore(sequence: number, bytes: Uint8Array): Promise<void> {
    const handle = this.#idle();
    const call = this.#library.async('llama_state_seq_set_data', handle, bytes, bytes.byteLength, sequence);
    if (Number(await this.#run(call)) > 0) return;
    throw new LlamaCppError('invalid_argument', 'What was saved does not fit this context.');
  }

  /**
   * Lays adapters over the model from the next batch on, in place of those that were there.
   *
   * @param adapters with how much each counts; 1 is as it was made
   * @throws LlamaCppError `invalid_argument`
   */
  useAdapters(adapters: readonly { readonly adapter: LoraAdapter; readonly scale: number }[]): void {
    const handles = BigUint64Array.from(adapters, ({ adapter }) => adapter.handle);
    const scales = Float32Array.from(adapters, ({ scale }) => scale);
    const failed = this.#functions.llama_set_adapters_lora(this.#idle(), handles, adapters.length, scales);
    if (failed !== 0) throw new LlamaCppError('invalid_argument', 'The adapters do not fit this context.');
  }

  /** Frees it when what it computes has ended. May be called twice. */
  async dispose(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    this.#parts.abortFlag[0] = 1;
    await this.#running?.catch(() => undefined);
    this.#views.clear();
    this.#functions.llama_free(handle);
    this.#parts.threads.dispose();
    this.#parts.onDispose();
  }

  async #compute(name: 'llama_decode' | 'llama_encode', batch: Batch, signal?: AbortSignal): Promise<void> {
    const handle = this.#idle();
    signal?.throwIfAborted();
    const { abortFlag } = this.#parts;
    const abort = (): void => void (abortFlag[0] = 1);
    abortFlag[0] = 0;
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const code = await this.#run(this.#library.async(name, handle, batch.toNative()));
      signal?.throwIfAborted();
      if (code !== 0) throw this.#toError(code, batch);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Marks the context as busy until the work has ended. */
  async #run<T>(work: Promise<T>): Promise<T> {
    this.#running = work;
    try {
      return await work;
    } finally {
      this.#running = undefined;
    }
  }

  #toError(code: number, batch: Batch): LlamaCppError {
    if (this.#handle === undefined) return new LlamaCppError('disposed', 'The context was disposed of.');
    if (code === 1) return new LlamaCppError('no_room', `The context has no room for ${batch.length} more tokens.`);
    if (code === -1) return new LlamaCppError('invalid_argument', 'The batch does not fit what its sequences hold.');
    return new LlamaCppError('compute_failed', `llama.cpp could not compute a batch (${code}).`);
  }

  #numbersAt(address: bigint | null, count: number, which: number): Float32Array {
    if (address === null) throw new LlamaCppError('invalid_argument', `The last batch has no output at ${which}.`);
    const known = this.#views.get(address);
    if (known) return known;
    const view = new Float32Array(this.#library.view(address, 4 * count));
    this.#views.set(address, view);
    return view;
  }

  #idle(): bigint {
    if (this.#handle === undefined) throw new LlamaCppError('disposed', 'The context was disposed of.');
    if (this.#running) throw new LlamaCppError('busy', 'The context computes.');
    return this.#handle;
  }
}
