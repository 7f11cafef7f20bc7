import type { Binding, Runtime, Session, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';
import type { ModelCard } from '../contract.js';
import type { ForwardItem, ModelRunner, Tokenizer } from '../engine/model-runner.js';
import type { KvPoolShape } from './kv-pool.js';
import { KvPool, KvRow } from './kv-pool.js';

type Logits = Float32Array<ArrayBufferLike>;

/** Drafted tokens that are checked in one pass at most. */
const mostDrafts = 32;

export interface OnnxRunnerOptions {
  readonly runtime: Runtime;
  /** A session over a graph that `@mcli/model-builder` wrote. Disposed with the runner. */
  readonly session: Session;
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly vocabularySize: number;
  readonly cache: KvPoolShape;
  /** Most tokens that one item of a pass may append. */
  readonly longestChunk: number;
}

/** One run of the graph. */
interface Pass {
  /** The pool's rows that form the batch: `count` from `first`. */
  readonly first: number;
  readonly count: number;
  /** New positions of each row. */
  readonly sequence: number;
  /** Positions of the longest row after the pass. */
  readonly longest: number;
  /** Whose logits are wanted: row of the batch, position among the new ones. */
  readonly wanted: readonly (readonly [number, number])[];
}

/** Runs a built graph: writers together as one batch, readers one after the other. */
export class OnnxRunner implements ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly slots: number;
  readonly vocabularySize: number;
  readonly longestDraft: number;
  readonly #runtime: Runtime;
  readonly #session: Session;
  readonly #pool: KvPool;
  readonly #bindings = new Map<string, Binding>();
  readonly #inputs: {
    readonly ids: Tensor<'int64'>;
    readonly seqlens: Tensor<'int32'>;
    readonly total: Tensor<'int32'>;
    readonly positions: Tensor<'int64'>;
  };
  readonly #logits: Tensor<'float32'>;

  constructor(options: OnnxRunnerOptions) {
    const { runtime, cache } = options;
    this.card = options.card;
    this.tokenizer = options.tokenizer;
    this.vocabularySize = options.vocabularySize;
    this.slots = cache.slots;
    this.longestDraft = Math.min(mostDrafts, options.longestChunk - 1);
    this.#runtime = runtime;
    this.#session = options.session;
    this.#pool = new KvPool(runtime, cache);
    const rows = Math.max(2, cache.slots);
    this.#inputs = {
      ids: runtime.allocate('int64', [Math.max(rows, options.longestChunk)]),
      seqlens: runtime.allocate('int32', [rows]),
      total: runtime.allocate('int32', []),
      positions: runtime.allocate('int64', [rows + this.longestDraft, 2]),
    };
    this.#logits = runtime.allocate('float32', [rows + this.longestDraft, options.vocabularySize]);
  }

  createCache(): KvRow {
    return this.#pool.take();
  }

  /**
   * (1) What is written is computed together: the rows between the first and the last one form the batch, and
   * rows in between that have nothing to do compute a token that nobody reads. (2) What is read, and what is
   * written with drafts, is computed item by item: the attention kernel takes several new positions over a past for one row only.
   *
   * Matmul and attention round differently for one row than for several, and an answer must not depend on who
   * else is served. So (3) a lone writer has an idle row beside it, (4) a lone token is read twice, and
   * (5) logits are computed for two rows at least.
   *
   * @throws RangeError when an item has no tokens or more than its cache has room for; nothing is computed then
   */
  async forward(items: readonly ForwardItem[], signal?: AbortSignal): Promise<readonly (readonly Logits[])[]> {
    const known = items.map((item, at) => ({ ...item, row: rowOf(item), at }));
    for (const { row, tokens } of known) row.checkRoom(tokens.length);
    const results = items.map((): readonly Logits[] => []);
    const writers = known.filter(({ kind, tokens }) => kind === 'write' && tokens.length === 1);
    if (writers.length) {
      const logits = await this.#write(writers, signal); // (1)
      for (const [index, { at, logitRows }] of writers.entries()) results[at] = logits.slice(index, index + logitRows);
    }
    for (const item of known) {
      if (!writers.includes(item)) results[item.at] = await this.#read(item, signal); // (2)
    }
    return results;
  }

  async #write(
    writers: readonly { readonly tokens: readonly number[]; readonly row: KvRow }[],
    signal: AbortSignal | undefined,
  ): Promise<Logits[]> {
    const rows = writers.map(({ row }) => row.index);
    const lowest = Math.min(...rows);
    const highest = Math.max(...rows);
    const first = lowest === highest ? this.#pool.pairOf(lowest) : lowest; // (3)
    const count = Math.max(2, highest - first + 1);
    const { ids, seqlens } = this.#inputs;
    for (let batch = 0; batch < count; batch++) {
      ids.data[batch] = 0n;
      seqlens.data[batch] = this.#pool.lengthAt(first + batch);
    }
    for (const { row, tokens } of writers) ids.data[row.index - first] = BigInt(tokens[0] as number);
    const longest = Math.max(...seqlens.data.subarray(0, count)) + 1;
    const wanted = rows.map((row) => [row - first, 0] as const);
    await this.#run({ first, count, sequence: 1, longest, wanted }, signal);
    for (const { row } of writers) row.grow(1);
    return writers.map((_, index) => this.#logitsAt(index));
  }

  async #read(
    { row, tokens, logitRows }: ForwardItem & { readonly row: KvRow },
    signal: AbortSignal | undefined,
  ): Promise<Logits[]> {
    const { ids, seqlens } = this.#inputs;
    const sequence = Math.max(2, tokens.length); // (4)
    const longest = row.length + sequence;
    for (let at = 0; at < sequence; at++) ids.data[at] = BigInt(tokens[at] ?? (tokens[0] as number));
    seqlens.data[0] = longest - 1;
    const wanted = Array.from({ length: logitRows }, (_, at) => [0, tokens.length - logitRows + at] as const);
    await this.#run({ first: row.index, count: 1, sequence, longest, wanted }, signal);
    row.grow(tokens.length);
    return wanted.map((_, at) => this.#logitsAt(at));
  }

  async #run(pass: Pass, signal: AbortSignal | undefined): Promise<void> {
    const { ids, seqlens, total, positions } = this.#inputs;
    const [only] = pass.wanted;
    const wanted = only && pass.wanted.length === 1 ? [only, only] : pass.wanted; // (5)
    wanted.flat().forEach((position, at) => (positions.data[at] = BigInt(position)));
    total.data[0] = pass.longest;
    const binding = this.#bindingOf(pass.first, pass.count);
    binding.bindInput('input_ids', viewTensor(ids, 0, [pass.count, pass.sequence]));
    binding.bindInput('seqlens_k', viewTensor(seqlens, 0, [pass.count]));
    binding.bindInput('total_sequence_length', total);
    binding.bindInput('logit_positions', viewTensor(positions, 0, [wanted.length, 2]));
    binding.bindOutput('logits', viewTensor(this.#logits, 0, [wanted.length, this.vocabularySize]));
    await this.#session.run(binding, signal ? { signal } : {});
  }

  #bindingOf(first: number, count: number): Binding {
    const key = `${first}+${count}`;
    const known = this.#bindings.get(key);
    if (known) return known;
    const binding = this.#pool.bind(this.#session, first, count);
    this.#bindings.set(key, binding);
    return binding;
  }

  #logitsAt(index: number): Logits {
    return this.#logits.data.slice(index * this.vocabularySize, (index + 1) * this.vocabularySize);
  }

  async dispose(): Promise<void> {
    for (const binding of this.#bindings.values()) binding.dispose();
    this.#bindings.clear();
    await this.#session.dispose();
    await this.#runtime.dispose();
  }
}

function rowOf(item: ForwardItem): KvRow {
  if (item.cache instanceof KvRow) return item.cache;
  throw new TypeError('The cache was not made by this runner.');
}
