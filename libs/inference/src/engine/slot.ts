import type { KvCache } from './model-runner.js';
import type { Sequence } from './sequence.js';

/** A place in memory with a cache. Outlives its sequence, so that the next one can go on from what it holds. */
export class Slot {
  readonly cache: KvCache;
  /** The sequence that has the slot; `undefined` when it is free. */
  sequence: Sequence | undefined;
  /** Grows with every release: the lowest was used longest ago. 0: never. */
  lastUsed = 0;
  #tokens: number[] = [];
  #scope: string | undefined;

  constructor(cache: KvCache) {
    this.cache = cache;
  }

  /** What the cache holds, token by token. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** Tokens at the start of `sequence` that needn't be read here. One is always left to read: it makes the logits. */
  countReusable(sequence: Sequence): number {
    if (sequence.cacheScope !== this.#scope) return 0;
    const most = Math.min(this.#tokens.length, sequence.tokens.length - 1);
    let count = 0;
    while (count < most && this.#tokens[count] === sequence.tokens[count]) count += 1;
    return this.cache.keepable(count);
  }

  /** Gives the slot to a sequence. Returns the tokens that it needn't read. */
  assign(sequence: Sequence): number {
    const kept = this.cache.truncate(this.countReusable(sequence));
    this.#tokens.length = kept;
    this.#scope = sequence.cacheScope;
    this.sequence = sequence;
    return kept;
  }

  /** A forward pass appended these tokens to the cache. */
  remember(tokens: readonly number[]): void {
    for (const token of tokens) this.#tokens.push(token);
  }

  /**
   * A forward pass appended drafts behind what is remembered: the cache forgets all but these first ones.
   * @throws TypeError when the cache can't be shortened
   */
  keepDrafts(accepted: readonly number[]): void {
    this.remember(accepted);
    if (this.cache.truncate(this.#tokens.length) !== this.#tokens.length)
      throw new TypeError('The runner takes drafts, but its caches can not be shortened.');
  }

  /** Forgets everything: what the cache holds is unknown, or of no use. */
  empty(): void {
    this.cache.truncate(0);
    this.#tokens = [];
  }
}
