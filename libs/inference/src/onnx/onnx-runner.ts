import type { Binding, Runtime, Session, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';
import type { ModelCard } from '../contract.js';
import type { ForwardItem, ModelRunner, Tokenizer } from '../engine/model-runner.js';
import type { KvPoolShape } from './kv-pool.js';
import { KvPool, KvRow } from './kv-pool.js';

type Logits = Float32Array<ArrayBufferLike>;

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

/** Runs a built graph: writers together as one batch, readers one after the other. */
export class OnnxRunner implements ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  readonly slots: number;
  readonly vocabularySize: number;
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
    this.#runtime = runtime;
    this.#session = options.session;
    this.#pool = new KvPool(runtime, cache);
    this.#inputs = {
      ids: runtime.allocate('int64', [Math.max(2, options.longestChunk, cache.slots)]),
      seqlens: runtime.allocate('int32', [cache.slots]),
      total: runtime.allocate('int32', []),
      positions: runtime.allocate('int64', [cache.slots, 2]),
    };
    this.#logits = runtime.allocate('float32', [cache.slots, options.vocabularySize]);
  }

  createCache(): KvRow {
    return this.#pool.take();
  }

  /**
   * (1) Items of one token decode together: the rows between the first and the last one form the batch, and
   * rows in between that have nothing to do compute a token that nobody reads. (2) A lone row computes its
   * token twice: the 8-bit matmul rounds differently for one row than for several, and an answer must not
   * depend on who else is served. (3) Longer items are read one by one: the attention kernel takes several
   * new positions over a past for one row only.
   */
  async forward(items: readonly ForwardItem[], signal?: AbortSignal): Promise<readonly (Logits | undefined)[]> {
    const results = new Array<Logits | undefined>(items.length).fill(undefined);
    const writers = items.flatMap((item, at) => (item.tokens.length === 1 ? [{ item, row: rowOf(item), at }] : []));
    if (writers.length) {
      const logits = await this.#decode(writers, signal); // (1)
      writers.forEach(({ item, at }, index) => {
        if (item.wantsLogits) results[at] = logits[index];
      });
    }
    for (const [at, item] of items.entries()) {
      if (item.tokens.length > 1) results[at] = await this.#read(item, signal); // (3)
    }
    return results;
  }

  async #decode(
    writers: readonly { readonly item: ForwardItem; readonly row: KvRow }[],
    signal: AbortSignal | undefined,
  ): Promise<Logits[]> {
    const rows = writers.map(({ row }) => row.index);
    const first = Math.min(...rows);
    const count = Math.max(...rows) - first + 1;
    const { ids, seqlens, positions } = this.#inputs;
    let longest = 0;
    for (let batch = 0; batch < count; batch++) {
      const length = this.#pool.lengthAt(first + batch);
      ids.data[batch] = 0n;
      seqlens.data[batch] = length;
      longest = Math.max(longest, length + 1);
    }
    writers.forEach(({ item, row }, index) => {
      ids.data[row.index - first] = BigInt(item.tokens[0] as number);
      positions.data[2 * index] = BigInt(row.index - first);
      positions.data[2 * index + 1] = 0n;
    });
    const lone = count === 1; // (2)
    if (lone) {
      ids.data[1] = ids.data[0] as bigint;
      seqlens.data[0] = longest;
    }
    const shape = { first, count, sequence: lone ? 2 : 1, longest: lone ? longest + 1 : longest };
    await this.#run({ ...shape, wanted: writers.length }, signal);
    for (const { row } of writers) row.grow(1);
    return writers.map((_, index) => this.#logitsAt(index));
  }

  async #read(item: ForwardItem, signal: AbortSignal | undefined): Promise<Logits | undefined> {
    const row = rowOf(item);
    const { ids, seqlens, positions } = this.#inputs;
    const sequence = item.tokens.length;
    item.tokens.forEach((token, at) => (ids.data[at] = BigInt(token)));
    const longest = row.length + sequence;
    seqlens.data[0] = longest - 1;
    positions.data[0] = 0n;
    positions.data[1] = BigInt(sequence - 1);
    await this.#run({ first: row.index, count: 1, sequence, longest, wanted: 1 }, signal);
    row.grow(sequence);
    return item.wantsLogits ? this.#logitsAt(0) : undefined;
  }

  async #run(
    pass: { first: number; count: number; sequence: number; longest: number; wanted: number },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { ids, seqlens, total, positions } = this.#inputs;
    const binding = this.#bindingOf(pass.first, pass.count);
    total.data[0] = pass.longest;
    binding.bindInput('input_ids', viewTensor(ids, 0, [pass.count, pass.sequence]));
    binding.bindInput('seqlens_k', viewTensor(seqlens, 0, [pass.count]));
    binding.bindInput('total_sequence_length', total);
    binding.bindInput('logit_positions', viewTensor(positions, 0, [pass.wanted, 2]));
    binding.bindOutput('logits', viewTensor(this.#logits, 0, [pass.wanted, this.vocabularySize]));
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
