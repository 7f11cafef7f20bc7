import type { Batch, LlamaModel } from '@mcli/llama-cpp';
import type { ModelCard } from '../contract.js';
import type { CacheRow } from '../engine/cache-rows.js';
import { CacheRows } from '../engine/cache-rows.js';
import type { ForwardItem, ModelRunner, Tokenizer } from '../engine/model-runner.js';
import type { GrowingContext } from './growing-context.js';
import type { ThreadTuner } from './thread-tuner.js';

export interface LlamaCppRunnerOptions {
  /** Disposed of with the runner. */
  readonly model: LlamaModel;
  /** Of this model, with a sequence for each slot. Disposed of with the runner. */
  readonly context: GrowingContext;
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly slots: number;
  /** Finds how many threads compute fastest. @default all that the context has compute */
  readonly tuner?: ThreadTuner | undefined;
  /** Drafted tokens that an item may carry. */
  readonly longestDraft: number;
  /** Bytes that the caches take when every position is in use. */
  readonly cacheBytes: number;
  /** Called when it has been disposed of. */
  readonly onDispose?: (() => void) | undefined;
}

type Rows = readonly Float32Array<ArrayBufferLike>[];
type Item = ForwardItem & { readonly row: CacheRow };
/** An item's token whose logits are wanted: index in the batch, place in the item's rows. */
type Wanted = { readonly rows: Float32Array<ArrayBufferLike>[]; readonly index: number };

/** Runs a GGUF model on llama.cpp: all items of a pass as one batch, or as few as they fit into. */
export class LlamaCppRunner implements ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly slots: number;
  readonly vocabularySize: number;
  readonly longestDraft: number;
  /** How many rows are computed together decides how llama.cpp rounds. */
  readonly exactRows = false;
  /** Bytes that the caches take when every position is in use; they grow as sequences do. */
  readonly cacheBytes: number;
  readonly #model: LlamaModel;
  readonly #context: GrowingContext;
  readonly #rows: CacheRows;
  readonly #onDispose: (() => void) | undefined;
  readonly #tuner: ThreadTuner | undefined;
  #batch: Batch;

  constructor(options: LlamaCppRunnerOptions) {
    const { model, context, slots } = options;
    this.card = options.card;
    this.tokenizer = options.tokenizer;
    this.slots = slots;
    this.vocabularySize = model.vocabulary.size;
    this.longestDraft = options.longestDraft;
    this.cacheBytes = options.cacheBytes;
    this.#model = model;
    this.#tuner = options.tuner;
    this.#context = context;
    this.#onDispose = options.onDispose;
    this.#batch = context.current.createBatch();
    this.#rows = new CacheRows({
      count: slots,
      positions: options.card.contextLength,
      canBeCut: (row, length) => context.current.canRemove(row, length),
      cut: (row, length) => void context.current.remove(row, length),
    });
  }

  createCache(): CacheRow {
    return this.#rows.take();
  }

  /**
   * @throws RangeError when an item has no tokens or more than its cache has room for; nothing is computed then
   * @throws LlamaCppError `compute_failed` · `no_room` · `insufficient_memory`
   */
  async forward(items: readonly ForwardItem[], signal?: AbortSignal): Promise<readonly Rows[]> {
    const known: readonly Item[] = items.map((item) => ({ ...item, row: this.#rows.rowOf(item.cache) }));
    for (const { row, tokens } of known) row.checkRoom(tokens.length);
    await this.#reserve(Math.max(...known.map(({ row, tokens }) => row.length + tokens.length)));
    const results = known.map((): Float32Array<ArrayBufferLike>[] => []);
    let wanted: Wanted[] = [];
    this.#batch.clear();
    for (const [at, { row, tokens, logitRows }] of known.entries()) {
      const rows = results[at] as Float32Array<ArrayBufferLike>[];
      for (const [offset, token] of tokens.entries()) {
        const isWanted = offset >= tokens.length - logitRows;
        if (!this.#batch.hasRoom(isWanted)) {
          // The library's memory is used again by the next batch.
          for (const [place, logits] of await this.#compute(wanted, signal)) place.push(logits.slice());
          wanted = [];
        }
        const index = this.#batch.add(token, row.length + offset, row.index, isWanted);
        if (isWanted) wanted.push({ rows, index });
      }
    }
    for (const [place, logits] of await this.#compute(wanted, signal)) place.push(logits);
    for (const { row, tokens } of known) row.grow(tokens.length);
    return results;
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
    await this.#model.dispose();
    this.#onDispose?.();
  }

  /** Computes what is in the batch and empties it. */
  async #compute(
    wanted: readonly Wanted[],
    signal: AbortSignal | undefined,
  ): Promise<(readonly [Float32Array[], Float32Array])[]> {
    const { current } = this.#context;
    const count = this.#batch.length;
    if (this.#tuner) current.useThreads(this.#tuner.choose(count));
    const startedAt = performance.now();
    await current.decode(this.#batch, signal);
    this.#tuner?.record(count, performance.now() - startedAt);
    this.#batch.clear();
    return wanted.map(({ rows, index }) => [rows, current.logitsAt(index)] as const);
  }

  async #reserve(positions: number): Promise<void> {
    const before = this.#context.current;
    await this.#context.reserve(positions);
    if (this.#context.current !== before) this.#batch = this.#context.current.createBatch();
  }
}
