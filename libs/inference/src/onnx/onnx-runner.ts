import type { Runtime, Session } from '@mcli/ort';
import type { ModelCard } from '../contract.js';
import type { CacheRow } from '../engine/cache-rows.js';
import type { ForwardItem, ModelRunner, Tokenizer } from '../engine/model-runner.js';
import type { TraceSink } from '../engine/trace.js';
import type { Logits } from './graph-pass.js';
import { GraphPass } from './graph-pass.js';
import type { KvPoolShape } from './kv-pool.js';
import { KvPool } from './kv-pool.js';
import { ReadCopy } from './read-copy.js';

/** Drafted tokens that are checked in one pass at most. */
const mostDrafts = 32;

export interface OnnxRunnerOptions {
  readonly runtime: Runtime;
  /** A session over a build's graph that writes. Disposed with the runner. */
  readonly session: Session;
  /** A session over the graph that reads prompts for an 8-bit cache, and the cache's scales. Without it `session` reads too. */
  readonly reading?: { readonly session: Session; readonly scales: readonly Float32Array[] } | undefined;
  /**
   * Whether the graph gives a row's logits bit by bit alike for one token and for several, alone and in a batch. Else
   * at least two rows are computed.
   */
  readonly exactRows: boolean;
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly vocabularySize: number;
  readonly cache: KvPoolShape;
  /** Bytes that the caches take when every position is in use. */
  readonly cacheBytes: number;
  /** Most tokens that one item of a pass may append. */
  readonly longestChunk: number;
  /** Told of the operators of the first passes, for sessions that were made with `profile`. @default nobody is told */
  readonly trace?: TraceSink | undefined;
}

/** Row of a batch, position among the new ones. */
type Place = readonly [number, number];

type Item = ForwardItem & { readonly row: CacheRow };

/** Runs a build's graphs: writers together as one batch, readers one after the other. */
export class OnnxRunner implements ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly slots: number;
  readonly vocabularySize: number;
  readonly longestDraft: number;
  /** Bytes that the caches take when every position is in use; memory becomes resident as positions fill. */
  readonly cacheBytes: number;
  /** How a number of the caches is stored. */
  readonly cacheType: string;
  /** ONNX Runtime's, such as `1.30.0`. */
  readonly runtimeVersion: string;
  readonly #runtime: Runtime;
  readonly #pool: KvPool;
  readonly #write: GraphPass;
  readonly #read: GraphPass;
  readonly #copy: ReadCopy | undefined;
  readonly exactRows: boolean;

  constructor(options: OnnxRunnerOptions) {
    const { runtime, session, reading, cache, longestChunk, vocabularySize } = options;
    this.card = options.card;
    this.tokenizer = options.tokenizer;
    this.vocabularySize = vocabularySize;
    this.slots = cache.slots;
    this.cacheBytes = options.cacheBytes;
    // Where rows aren't exact, a draft that is checked would change what is written.
    this.longestDraft = options.exactRows ? Math.min(mostDrafts, longestChunk - 1) : 0;
    this.cacheType = cache.type;
    this.runtimeVersion = runtime.version;
    this.#runtime = runtime;
    this.exactRows = options.exactRows;
    this.#pool = new KvPool(runtime, cache);
    const rows = Math.max(2, cache.slots);
    const size = { rows, tokens: Math.max(2, longestChunk), vocabularySize, trace: options.trace };
    this.#write = new GraphPass(runtime, session, size);
    this.#read = reading ? new GraphPass(runtime, reading.session, { ...size, rows: 1 }) : this.#write;
    this.#copy = reading && new ReadCopy(runtime, reading.session, this.#pool, reading.scales, size.tokens);
  }

  createCache(): CacheRow {
    return this.#pool.take();
  }

  /**
   * (1) Single tokens that are written are computed together: the rows between the first and the last one form the
   * batch, and rows in between that have nothing to do compute a token that nobody reads. (2) Tokens with drafts behind
   * them, and (3) prompts, are computed item by item: the attention kernel takes several new positions over a past for
   * one row only.
   *
   * @throws RangeError when an item has no tokens or more than its cache has room for; nothing is computed then
   */
  async forward(items: readonly ForwardItem[], signal?: AbortSignal): Promise<readonly (readonly Logits[])[]> {
    const known: readonly Item[] = items.map((item) => ({ ...item, row: this.#pool.rowOf(item.cache) }));
    for (const { row, tokens } of known) row.checkRoom(tokens.length);
    const results = new Map<Item, readonly Logits[]>();
    const single = known.filter(({ kind, tokens }) => kind === 'write' && tokens.length === 1);
    if (single.length) {
      const logits = await this.#writeTogether(single, signal); // (1)
      for (const [index, item] of single.entries()) results.set(item, logits.slice(index, index + item.logitRows));
    }
    for (const item of known) {
      if (results.has(item)) continue;
      const inPlace = item.kind === 'write' || !this.#copy;
      results.set(item, await (inPlace ? this.#writeAlone(item, signal) : this.#readOver(this.#copy, item, signal))); // (2) (3)
    }
    return known.map((item) => results.get(item) ?? []);
  }

  async #writeTogether(items: readonly Item[], signal: AbortSignal | undefined): Promise<Logits[]> {
    const indexes = items.map(({ row }) => row.index);
    const lowest = Math.min(...indexes);
    const highest = Math.max(...indexes);
    const first = lowest === highest && !this.exactRows ? this.#pool.pairOf(lowest) : lowest;
    const count = Math.max(this.exactRows ? 1 : 2, highest - first + 1);
    const tokens = new Array<number>(count).fill(0);
    for (const { row, tokens: own } of items) tokens[row.index - first] = own[0] as number;
    const lengths = tokens.map((_, at) => this.#pool.lengthAt(first + at) + 1);
    const wanted = indexes.map((index) => [index - first, 0] as const);
    const binding = this.#pool.bindingOf(this.#write.session, first, count);
    const logits = await this.#write.run({ binding, count, tokens, lengths, wanted: this.#pad(wanted) }, signal);
    for (const { row } of items) row.grow(1);
    return logits;
  }

  async #writeAlone(item: Item, signal: AbortSignal | undefined): Promise<Logits[]> {
    const { row } = item;
    const tokens = this.exactRows ? item.tokens : atLeastTwo(item.tokens);
    const binding = this.#pool.bindingOf(this.#write.session, row.index, 1);
    const logits = await this.#run(this.#write, binding, item, tokens, signal);
    row.grow(item.tokens.length);
    return logits;
  }

  /** Over float32, attention of one new position sums in another order than of several: a lone token is read twice. */
  async #readOver(copy: ReadCopy, item: Item, signal: AbortSignal | undefined): Promise<Logits[]> {
    const { row } = item;
    const tokens = atLeastTwo(item.tokens);
    await copy.prepare(row, tokens.length);
    const logits = await this.#run(this.#read, copy.binding, item, tokens, signal);
    copy.keep(row, item.tokens.length, tokens.length);
    return logits;
  }

  async #run(
    pass: GraphPass,
    binding: ReturnType<KvPool['bindingOf']>,
    { row, tokens: own, logitRows }: Item,
    tokens: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<Logits[]> {
    const wanted = Array.from({ length: logitRows }, (_, at) => [0, own.length - logitRows + at] as const);
    const lengths = [row.length + tokens.length];
    const logits = await pass.run({ binding, count: 1, tokens, lengths, wanted: this.#pad(wanted) }, signal);
    return logits.slice(0, logitRows);
  }

  /** Logits of one row are computed otherwise than those of several, where rows aren't exact; of none, never. */
  #pad(wanted: readonly Place[]): readonly Place[] {
    const least = this.exactRows ? 1 : 2;
    const some = wanted.length > 0 ? wanted : [[0, 0] as const];
    return some.length < least ? [...some, ...some] : some;
  }

  async dispose(): Promise<void> {
    this.#pool.dispose();
    this.#copy?.dispose();
    await this.#read.dispose();
    if (this.#write !== this.#read) await this.#write.dispose();
    await this.#runtime.dispose();
  }
}

function atLeastTwo(tokens: readonly number[]): readonly number[] {
  return tokens.length === 1 ? [...tokens, ...tokens] : tokens;
}
