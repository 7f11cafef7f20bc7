import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelCard } from '../contract.js';
import type { ForwardItem, KvCache, ModelRunner } from '../engine/model-runner.js';
import { babble, recite } from './fake-model.js';
import { FakeTokenizer } from './fake-tokenizer.js';

export interface FakeRunnerOptions {
  /** @default 'fake' */
  readonly id?: string;
  /** In tokens: one a byte. @default 4096 */
  readonly contextLength?: number;
  /** @default 8 */
  readonly slots?: number;
  /** @default none */
  readonly recommendedSampling?: ModelCard['recommendedSampling'];
  /** The answer to a chat, from the last user message. @default that message again */
  readonly respond?: (message: string) => string;
  /**
   * The logits after `tokens`, everything that the cache holds. `[261]`, one a byte and the control tokens.
   * @default chats get `respond`'s answer; other prompts go on with letters that depend on the tokens alone
   */
  readonly logits?: (tokens: readonly number[]) => Float32Array;
  /** How long a pass takes, in milliseconds. @default 0 */
  readonly delayMs?: number;
  /**
   * Runs before each pass, to wait, to look, or to fail it by throwing. Should heed the signal when it waits.
   * @default nothing
   */
  readonly beforeForward?: (call: FakeForwardCall, signal?: AbortSignal) => void | Promise<void>;
  /** `false` makes caches that can only be emptied. @default true */
  readonly canTruncate?: boolean;
  /** Drafted tokens that a `write` item may carry. @default 32, without `canTruncate` 0 */
  readonly longestDraft?: number;
}

/** One pass, as the runner got it. */
export interface FakeForwardCall {
  /** 0 is the first one. */
  readonly number: number;
  readonly items: readonly {
    /** Which of the runner's caches. 0 is the first one made. */
    readonly slot: number;
    /** What the cache held before. */
    readonly before: readonly number[];
    readonly tokens: readonly number[];
    readonly kind: ForwardItem['kind'];
    readonly logitRows: number;
  }[];
}

/**
 * A small model without a neural network: deterministic, with a byte a token. The answer depends on what the
 * cache holds and on nothing else, so an engine that mixes up caches writes wrong text.
 *
 * Throws when it is used against the contract: two passes at once, a cache twice in a pass, caches of others,
 * disposed ones, ones whose content is unknown since a pass failed, no tokens, strange tokens, a full context, too
 * long a draft, more rows than tokens.
 */
export class FakeRunner implements ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer = new FakeTokenizer();
  readonly slots: number;
  readonly vocabularySize = FakeTokenizer.vocabularySize;
  readonly longestDraft: number;
  readonly exactRows = true;
  /** Every pass so far. */
  readonly calls: FakeForwardCall[] = [];
  readonly #options: FakeRunnerOptions;
  readonly #caches: FakeCache[] = [];
  #isBusy = false;
  #isDisposed = false;

  constructor(options: FakeRunnerOptions = {}) {
    const { id = 'fake', contextLength = 4096, slots = 8, recommendedSampling, canTruncate = true } = options;
    this.card = { id, contextLength, created: 1_750_000_000, recommendedSampling };
    this.slots = slots;
    this.longestDraft = options.longestDraft ?? (canTruncate ? 32 : 0);
    this.#options = options;
  }

  get disposed(): boolean {
    return this.#isDisposed;
  }

  createCache(): KvCache {
    if (this.#caches.filter(({ disposed }) => !disposed).length >= this.slots)
      throw new RangeError(`All ${this.slots} caches are taken.`);
    const cache = new FakeCache(this.#caches.length, this.#options.canTruncate ?? true);
    this.#caches.push(cache);
    return cache;
  }

  async forward(items: readonly ForwardItem[], signal?: AbortSignal): Promise<readonly (readonly Float32Array[])[]> {
    if (this.#isBusy) throw new Error('A pass is running already.');
    if (this.#isDisposed) throw new Error('The runner was disposed of.');
    const caches = items.map(({ cache }) => this.#find(cache));
    if (items.length === 0 || new Set(caches).size < caches.length) throw new Error('Each cache once, at least one.');
    for (const [index, item] of items.entries()) this.#check(caches[index] as FakeCache, item);

    this.#isBusy = true;
    try {
      await this.#wait(items, caches, signal);
    } catch (error) {
      for (const cache of caches) cache.isKnown = false;
      throw error;
    } finally {
      this.#isBusy = false;
    }
    return items.map(({ tokens, logitRows }, index) => {
      const cache = caches[index] as FakeCache;
      cache.tokens.push(...tokens);
      const first = cache.length - logitRows + 1;
      return Array.from({ length: logitRows }, (_, row) => this.#predict(cache.tokens.slice(0, first + row)));
    });
  }

  async dispose(): Promise<void> {
    if (this.#caches.some(({ disposed }) => !disposed)) throw new Error('Caches must be disposed of first.');
    this.#isDisposed = true;
  }

  async #wait(items: readonly ForwardItem[], caches: readonly FakeCache[], signal?: AbortSignal): Promise<void> {
    const call: FakeForwardCall = {
      number: this.calls.length,
      items: items.map(({ tokens, kind, logitRows }, index) => {
        const cache = caches[index] as FakeCache;
        return { slot: cache.number, before: [...cache.tokens], tokens: [...tokens], kind, logitRows };
      }),
    };
    this.calls.push(call);
    await this.#options.beforeForward?.(call, signal);
    if (this.#options.delayMs) await sleep(this.#options.delayMs, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }

  #predict(tokens: readonly number[]): Float32Array {
    const { logits, respond = (message) => message } = this.#options;
    return logits?.(tokens) ?? recite(this.tokenizer, tokens, respond) ?? babble(tokens);
  }

  #find(cache: KvCache): FakeCache {
    const own = this.#caches.find((other) => other === cache);
    if (!own || own.disposed) throw new Error('This is no cache of this runner.');
    return own;
  }

  #check(cache: FakeCache, { tokens, kind, logitRows }: ForwardItem): void {
    if (!cache.isKnown) throw new Error('What this cache holds is unknown: it must be emptied first.');
    if (tokens.length === 0) throw new RangeError('Each item needs a token.');
    const most = 1 + this.longestDraft;
    if (kind === 'write' && tokens.length > most)
      throw new RangeError(`${this.longestDraft} tokens are drafted at most.`);
    if (!(Number.isInteger(logitRows) && logitRows >= 0 && logitRows <= Math.min(tokens.length, most)))
      throw new RangeError(`There are no ${logitRows} rows of logits.`);
    if (cache.length + tokens.length > this.card.contextLength) throw new RangeError('The context is full.');
    if (tokens.some((token) => !(Number.isInteger(token) && token >= 0 && token < this.vocabularySize)))
      throw new RangeError('No such token.');
  }
}

class FakeCache implements KvCache {
  readonly number: number;
  readonly tokens: number[] = [];
  isKnown = true;
  disposed = false;
  readonly #canTruncate: boolean;

  constructor(number: number, canTruncate: boolean) {
    this.number = number;
    this.#canTruncate = canTruncate;
  }

  get length(): number {
    return this.tokens.length;
  }

  keepable(length: number): number {
    if (length >= this.tokens.length) return this.tokens.length;
    return this.#canTruncate ? length : 0;
  }

  truncate(length: number): number {
    if (length > this.tokens.length) throw new RangeError('A cache can only be shortened.');
    if (length > 0 && !this.isKnown) throw new Error('What this cache holds is unknown: it must be emptied.');
    this.tokens.length = this.keepable(length);
    this.isKnown = true;
    return this.tokens.length;
  }

  dispose(): void {
    this.disposed = true;
  }
}
