import { Batch } from './batch.js';
import type { ResolvedContextOptions } from './context-options.js';
import { LlamaCppError } from './llama-cpp-error.js';
import type { LoraAdapter } from './lora-adapter.js';
import type { NativeFunctions } from './native/function-table.js';
import type { NativeLibrary } from './native/native-library.js';
import { poolingTypes } from './native/structs.js';
import { headerBytes, readHeader, writeHeader } from './saved-sequence.js';
import type { ThreadPool } from './thread-pool.js';

/** What a context must know of its model; one object for each model. */
export interface ContextModel {
  readonly vocabularySize: number;
  readonly embeddingSize: number;
  readonly slidingWindow: number;
  readonly memory: 'cache' | 'state' | 'both';
  /** Whether it reads with an encoder of its own, or with its decoder. */
  readonly isEncoder: boolean;
}

export interface ContextParts {
  readonly model: ContextModel;
  readonly options: ResolvedContextOptions;
  /** Of what saved sequences must have in common. */
  readonly tag: number;
  /** Disposed of with the context. */
  readonly threads: ThreadPool;
  readonly abortFlag: Uint8Array;
  readonly onDispose: () => void;
}

/**
 * Memory of some sequences of a model, and what is needed to go on with them. Does one thing at a time: until a promise of
 * its methods has settled, the others throw `busy`. Any method throws `disposed` after `dispose`, and `invalid_argument` for
 * a sequence that there isn't.
 */
export class LlamaContext {
  /** Positions that one sequence can hold. */
  readonly positions: number;
  /** Sequences: 0 to this, without it. */
  readonly sequences: number;
  /** Most tokens of a batch. */
  readonly batchTokens: number;
  readonly #library: NativeLibrary;
  readonly #functions: NativeFunctions;
  readonly #parts: ContextParts;
  readonly #memory: bigint;
  /** Whether embeddings are one for each sequence. */
  readonly #isPooled: boolean;
  readonly #batches = new WeakSet<Batch>();
  /** Views of logits in the library's memory, by address: the same places are read again and again. */
  readonly #views = new Map<bigint, Float32Array>();
  #handle: bigint | undefined;
  #running: Promise<unknown> | undefined;
  #disposing: Promise<void> | undefined;

  /** Made by `LlamaModel.createContext`. */
  constructor(library: NativeLibrary, handle: bigint, parts: ContextParts) {
    const { functions } = library;
    this.#library = library;
    this.#functions = functions;
    this.#handle = handle;
    this.#parts = parts;
    this.#memory = functions.llama_get_memory(handle) ?? 0n;
    this.#isPooled = functions.llama_pooling_type(handle) !== poolingTypes.none;
    this.positions = functions.llama_n_ctx_seq(handle);
    this.sequences = parts.options.sequences;
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

  /** An empty batch of this context's size, for this context alone. */
  createBatch(): Batch {
    const { options, model } = this.#parts;
    const batch = new Batch(this.#library, {
      tokens: this.batchTokens,
      outputs: options.outputs,
      sequences: this.sequences,
      vocabularySize: model.vocabularySize,
    });
    this.#batches.add(batch);
    return batch;
  }

  /**
   * Computes a batch on another thread: its tokens become part of their sequences, and the outputs that it asks for can be
   * read until the next batch is computed.
   *
   * @param signal ends it early where the processor computes, between two batches elsewhere; its reason is thrown, and what
   * the batch's sequences hold is unknown
   * @throws LlamaCppError `no_room` · `compute_failed` · `invalid_argument` when the batch is empty, of another context, or
   * does not begin where its sequences end; these are unchanged then · `busy` · `disposed`
   */
  async decode(batch: Batch, signal?: AbortSignal): Promise<void> {
    await this.#compute('llama_decode', batch, signal);
  }

  /**
   * As `decode`, for models of the kind `encoder`: nothing is remembered.
   *
   * @throws LlamaCppError `invalid_argument` for other models too
   */
  async encode(batch: Batch, signal?: AbortSignal): Promise<void> {
    if (!this.#parts.model.isEncoder)
      throw new LlamaCppError('invalid_argument', 'The model has no encoder: use decode, for embeddings too.');
    await this.#compute('llama_encode', batch, signal);
  }

  /**
   * The logits after the token at `index` of the last batch: `[vocabularySize]`, in the library's own memory, the caller's to
   * overwrite until the next batch or `dispose`, when that memory is used for something else.
   *
   * @throws LlamaCppError `invalid_argument` when the batch asked for none there
   */
  logitsAt(index: number): Float32Array {
    const address = this.#functions.llama_get_logits_ith(this.#idle(), this.#whole(index));
    const known = this.#views.get(address ?? 0n);
    if (known) return known;
    const view = this.#viewAt(address, this.#parts.model.vocabularySize, index);
    this.#views.set(address ?? 0n, view);
    return view;
  }

  /**
   * The vector of the token at `index` of the last batch, `[embeddingSize]`; of contexts that make one for each token.
   *
   * @throws LlamaCppError `invalid_argument` where there is none
   */
  embeddingAt(index: number): Float32Array {
    const handle = this.#idle();
    // What the library answers of a context that makes one for each sequence was never written.
    const address = this.#isPooled ? null : this.#functions.llama_get_embeddings_ith(handle, this.#whole(index));
    return this.#viewAt(address, this.#parts.model.embeddingSize, index).slice();
  }

  /**
   * The vector of a whole sequence of the last batch, `[embeddingSize]`; of contexts that make one for each sequence.
   *
   * @throws LlamaCppError `invalid_argument` where there is none
   */
  embeddingOf(sequence: number): Float32Array {
    const address = this.#functions.llama_get_embeddings_seq(this.#idle(), this.#known(sequence));
    return this.#viewAt(address, this.#parts.model.embeddingSize, sequence).slice();
  }

  /**
   * Forgets the positions `[from, to)` of a sequence. `false` when this model's memory can't be cut there, and then nothing
   * changed: a state can only be forgotten as a whole, and a window whose beginning is gone can't be cut back. A whole
   * sequence can always be forgotten.
   *
   * @param to @default to its end
   */
  remove(sequence: number, from = 0, to = -1): boolean {
    this.#whole(to);
    const isWhole = this.#whole(from) <= 0 && to < 0;
    if (!isWhole && !this.canRemove(sequence, from)) return false;
    this.#idle();
    return this.#functions.llama_memory_seq_rm(this.#memory, this.#known(sequence), from, to);
  }

  /** Whether `remove` could forget the positions from `from` on, without doing so. */
  canRemove(sequence: number, from: number): boolean {
    const range = this.rangeOf(sequence);
    const { memory, slidingWindow } = this.#parts.model;
    if (range === undefined || this.#whole(from) <= 0 || from > range.last) return true;
    if (memory !== 'cache') return false;
    // The library would go on without what it no longer has of the window.
    return slidingWindow === 0 || range.first <= Math.max(0, from - slidingWindow);
  }

  /** Lets sequence `target` go on from all of `source`, in place of what it held; as `save` and `restore`. */
  async copy(source: number, target: number): Promise<void> {
    if (this.#known(source) === this.#known(target)) return;
    // Not `llama_memory_seq_cp`, which only copies with the next batch: what is saved or restored before goes wrong.
    await this.restore(target, await this.save(source));
  }

  /** Forgets all sequences but one. */
  keepOnly(sequence: number): void {
    this.#idle();
    for (let other = 0; other < this.sequences; other++) if (other !== this.#known(sequence)) this.remove(other);
  }

  /** Forgets everything. */
  clear(): void {
    this.#idle();
    this.#functions.llama_memory_clear(this.#memory, false);
  }

  /** The first and the last position that a sequence remembers; `undefined` when it is empty. */
  rangeOf(sequence: number): { readonly first: number; readonly last: number } | undefined {
    this.#idle();
    const first = this.#functions.llama_memory_seq_pos_min(this.#memory, this.#known(sequence));
    const last = this.#functions.llama_memory_seq_pos_max(this.#memory, sequence);
    return last < 0 ? undefined : { first, last };
  }

  /**
   * What a sequence needs to be gone on with, as bytes that `restore` takes: of this context, or of another one of the same
   * model with the same cache type, number of sequences and `keepWholeWindow`, in this process or another. Of layers with a
   * sliding window it is the window alone: the sequence can't be cut back after `restore`.
   */
  async save(sequence: number): Promise<Uint8Array> {
    const handle = this.#idle();
    const size = Number(this.#functions.llama_state_seq_get_size(handle, this.#known(sequence)));
    const bytes = new Uint8Array(headerBytes + size);
    const rest = bytes.subarray(headerBytes);
    const written = await this.#run(this.#library.async('llama_state_seq_get_data', handle, rest, size, sequence));
    if (Number(written) !== size) throw new LlamaCppError('compute_failed', 'llama.cpp could not save a sequence.');
    writeHeader(bytes, this.#parts.tag);
    return bytes;
  }

  /**
   * Lets a sequence remember what was saved, in place of what it held.
   *
   * Of bytes that were tampered with, the library may read anything, and end the process: take them from where nobody else
   * writes.
   *
   * @throws LlamaCppError `invalid_argument` when these bytes aren't of such a context · `no_room` when they have more
   * positions than it; the sequence is empty then
   */
  async restore(sequence: number, bytes: Uint8Array): Promise<void> {
    const handle = this.#idle();
    const saved = readHeader(bytes, this.#parts.tag);
    // The library leaves a sequence as it is when nothing was remembered.
    this.remove(sequence);
    const call = this.#library.async('llama_state_seq_set_data', handle, saved, saved.byteLength, sequence);
    if (Number(await this.#run(call)) > 0) return;
    throw new LlamaCppError('no_room', 'The context has no room for the sequence that was saved.');
  }

  /**
   * Lays adapters over the model from the next batch on, in place of those that were there. What the sequences remember
   * stays as it was computed: forget it where that matters.
   *
   * @param adapters with how much each counts; 1 is as it was made
   * @throws LlamaCppError `invalid_argument` for an adapter of another model, twice the same, or a scale that is no number
   */
  useAdapters(adapters: readonly { readonly adapter: LoraAdapter; readonly scale: number }[]): void {
    const handle = this.#idle();
    if (adapters.some(({ adapter }) => adapter.owner !== this.#parts.model))
      throw new LlamaCppError('invalid_argument', 'An adapter is used with the model that it was loaded for.');
    if (new Set(adapters.map(({ adapter }) => adapter)).size < adapters.length)
      throw new LlamaCppError('invalid_argument', 'Each adapter is used once.');
    const wrong = adapters.find(({ scale }) => !Number.isFinite(scale));
    if (wrong) throw new LlamaCppError('invalid_argument', `scale must be a number; it is ${wrong.scale}.`);
    const handles = BigUint64Array.from(adapters, ({ adapter }) => adapter.handle);
    const scales = Float32Array.from(adapters, ({ scale }) => scale);
    this.#functions.llama_set_adapters_lora(handle, handles, adapters.length, scales);
  }

  /** Frees it when what it computes has ended, which it ends early. May be called twice; both wait. */
  async dispose(): Promise<void> {
    await (this.#disposing ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
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
    if (!this.#batches.has(batch))
      throw new LlamaCppError('invalid_argument', 'The batch was made by another context.');
    if (batch.length === 0) throw new LlamaCppError('invalid_argument', 'The batch is empty.');
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
    if (code === -1) return new LlamaCppError('invalid_argument', 'The batch does not begin where its sequences end.');
    return new LlamaCppError('compute_failed', `llama.cpp could not compute a batch (${code}).`);
  }

  #viewAt(address: bigint | null, count: number, which: number): Float32Array {
    if (address === null) throw new LlamaCppError('invalid_argument', `The last batch has no output at ${which}.`);
    return new Float32Array(this.#library.view(address, 4 * count));
  }

  /** The library ends the process for a sequence that there isn't. */
  #known(sequence: number): number {
    if (Number.isInteger(sequence) && sequence >= 0 && sequence < this.sequences) return sequence;
    throw new LlamaCppError('invalid_argument', `There is no sequence ${sequence}; the context has ${this.sequences}.`);
  }

  #whole(value: number): number {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
    throw new LlamaCppError('invalid_argument', `An index or position must be a whole number; it is ${value}.`);
  }

  #idle(): bigint {
    if (this.#handle === undefined) throw new LlamaCppError('disposed', 'The context was disposed of.');
    if (this.#running) throw new LlamaCppError('busy', 'The context computes.');
    return this.#handle;
  }
}
