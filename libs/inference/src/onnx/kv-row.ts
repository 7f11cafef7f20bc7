import type { KvCache } from '../engine/model-runner.js';

/** One row of a pool: the cache of one sequence. */
export class KvRow implements KvCache {
  readonly index: number;
  /** Positions at the start that the reader's copy holds as well, while the copy is of this row. */
  copied = 0;
  readonly #positions: number;
  readonly #release: () => void;
  #length = 0;

  constructor(index: number, positions: number, release: () => void) {
    this.index = index;
    this.#positions = positions;
    this.#release = release;
  }

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError unless `count` is at least 1 and so many more tokens fit */
  checkRoom(count: number): void {
    if (count >= 1 && this.#length + count <= this.#positions) return;
    throw new RangeError(
      `The KV cache holds ${this.#length} of ${this.#positions} positions; ${count} can't be added.`,
    );
  }

  /** Records that `count` tokens were appended. */
  grow(count: number): void {
    this.#length += count;
  }

  truncate(length: number): boolean {
    this.#length = Math.min(this.#length, Math.max(0, length));
    this.copied = Math.min(this.copied, this.#length);
    return true;
  }

  dispose(): void {
    this.truncate(0);
    this.#release();
  }
}
