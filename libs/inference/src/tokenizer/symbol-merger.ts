import type { MergeTable } from './merge-table.js';
import { neverMerged } from './merge-table.js';
import { PairQueue } from './pair-queue.js';

/**
 * Byte pair encoding: merges neighbours until no merge is left, at each step the pair of the lowest rank, and the leftmost
 * of equal ones (Sennrich et al. 2016, arXiv 1508.07909).
 *
 * Only pairs that come before both their neighbours wait in the queue: the first of all is among them, and the others'
 * turn can't come before a neighbour has changed. So time grows as `n log n` at most, and as `n` for one repeated symbol.
 * Some 20 bytes a symbol are used, until the object is let go.
 */
export class SymbolMerger {
  readonly #table: Pick<MergeTable, 'rank' | 'merged'>;
  readonly #queue: PairQueue;
  #symbols = new Int32Array(0);
  /** Places of the neighbours that are left; by place, as all others. */
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** Rank of the pair that begins here. */
  #ranks = new Int32Array(0);

  constructor(table: Pick<MergeTable, 'rank' | 'merged'>, queue: PairQueue = new PairQueue()) {
    this.#table = table;
    this.#queue = queue;
  }

  /** Where to write so many symbols. Negative ones are never merged. */
  room(count: number): Int32Array {
    if (this.#symbols.length < count) {
      const size = Math.max(count, Math.min(2 * this.#symbols.length, 65536), 64);
      this.#symbols = new Int32Array(size);
      this.#next = new Int32Array(size);
      this.#previous = new Int32Array(size);
      this.#ranks = new Int32Array(size);
    }
    return this.#symbols;
  }

  /** Merges the first `count` symbols of the room in place, and returns how many are left. */
  merge(count: number): number {
    const symbols = this.#symbols;
    const next = this.#next;
    const previous = this.#previous;
    const ranks = this.#ranks;
    const queue = this.#queue;
    const rankAt = (position: number) =>
      position >= 0 && position < count ? (ranks[position] as number) : neverMerged;
    const pushIfFirst = (position: number, rank: number) => {
      if (rank === neverMerged || rankAt(previous[position] as number) <= rank) return;
      if (rankAt(next[position] as number) >= rank) queue.push(rank, position);
    };

    for (let at = 0; at < count; at++) {
      next[at] = at + 1;
      previous[at] = at - 1;
      ranks[at] = at + 1 < count ? this.#rank(symbols[at] as number, symbols[at + 1] as number) : neverMerged;
    }
    for (let at = 0; at < count; at++) pushIfFirst(at, ranks[at] as number);

    while (queue.next()) {
      const { rank, position } = queue;
      if (ranks[position] !== rank) continue; // in the queue twice, or its right symbol was merged with the next
      const before = previous[position] as number;
      const right = next[position] as number;
      const behind = next[right] as number;
      const oldBefore = rankAt(before);
      const oldRight = ranks[right] as number;
      const merged = this.#table.merged(rank);
      symbols[position] = merged;
      next[position] = behind;
      if (behind < count) previous[behind] = position;
      const newRank = behind < count ? this.#rank(merged, symbols[behind] as number) : neverMerged;
      const newBefore = before >= 0 ? this.#rank(symbols[before] as number, merged) : neverMerged;
      ranks[right] = neverMerged;
      ranks[position] = newRank;
      if (before >= 0) {
        ranks[before] = newBefore;
        pushIfFirst(before, newBefore);
        const first = previous[before] as number;
        if (rankAt(first) > oldBefore) pushIfFirst(first, rankAt(first));
      }
      pushIfFirst(position, newRank);
      if (rankAt(behind) >= oldRight) pushIfFirst(behind, rankAt(behind));
    }

    let left = 0;
    for (let at = 0; at < count; at = next[at] as number) symbols[left++] = symbols[at] as number;
    return left;
  }

  #rank(left: number, right: number): number {
    return left < 0 || right < 0 ? neverMerged : this.#table.rank(left, right);
  }
}
