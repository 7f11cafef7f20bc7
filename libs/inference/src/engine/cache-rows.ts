import type { KvCache } from './model-runner.js';

export interface CacheRowsOptions {
  /** Rows that can be handed out at once. */
  readonly count: number;
  /** Positions of each. */
  readonly positions: number;
  /** Lets the runner's memory forget all of a row behind `length`. Not asked for lengths that `keepable` rules out. */
  readonly cut: (row: number, length: number) => void;
  /**
   * Whether a row can be cut to a length, which is more than 0 and less than what it remembers. Otherwise only to 0.
   * @default always
   */
  readonly canBeCut?: ((row: number, length: number) => boolean) | undefined;
}

/** The rows of a runner's memory: who has which, and how much each remembers. Holds no keys and values itself. */
export class CacheRows {
  readonly #options: CacheRowsOptions;
  readonly #rows: (CacheRow | undefined)[];

  constructor(options: CacheRowsOptions) {
    this.#options = options;
    this.#rows = new Array<CacheRow | undefined>(options.count).fill(undefined);
  }

  /** The first free row, empty. @throws RangeError when all are taken */
  take(): CacheRow {
    const index = this.#rows.indexOf(undefined);
    if (index < 0) throw new RangeError(`All ${this.#options.count} KV cache rows are taken.`);
    const row = new CacheRow(index, this.#options, () => (this.#rows[index] = undefined));
    this.#rows[index] = row;
    return row;
  }

  /** Tokens remembered in the row at `index`; 0 for a free one. */
  lengthAt(index: number): number {
    return this.#rows[index]?.length ?? 0;
  }

  /** @throws TypeError for a cache of another runner, or one that was disposed of */
  rowOf(cache: KvCache): CacheRow {
    const row = this.#rows.find((own) => own === cache);
    if (row) return row;
    throw new TypeError('The cache was not made by this runner, or was disposed of.');
  }
}

/** One row: the cache of one sequence. */
export class CacheRow implements KvCache {
  readonly index: number;
  readonly #options: CacheRowsOptions;
  readonly #release: () => void;
  #length = 0;

  constructor(index: number, options: CacheRowsOptions, release: () => void) {
    this.index = index;
    this.#options = options;
    this.#release = release;
  }

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError unless `count` is at least 1 and so many more tokens fit */
  checkRoom(count: number): void {
    const { positions } = this.#options;
    if (count >= 1 && this.#length + count <= positions) return;
    throw new RangeError(`The KV cache holds ${this.#length} of ${positions} positions; ${count} can't be added.`);
  }

  /** Records that `count` tokens were appended. */
  grow(count: number): void {
    this.#length += count;
  }

  keepable(length: number): number {
    if (length >= this.#length) return this.#length;
    if (length <= 0) return 0;
    return (this.#options.canBeCut?.(this.index, length) ?? true) ? length : 0;
  }

  truncate(length: number): number {
    const kept = this.keepable(length);
    // A row of length 0 may hold what a pass that failed left in it.
    if (kept < this.#length || kept === 0) this.#options.cut(this.index, kept);
    this.#length = kept;
    return kept;
  }

  dispose(): void {
    this.truncate(0);
    this.#release();
  }
}
