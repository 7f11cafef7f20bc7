const shift = 2 ** 32;

/** Pairs of neighbours that wait for being merged: the lowest rank first, and the leftmost of one rank. */
export class PairQueue {
  /** A heap with four children each, of `rank × 2³² + position`. */
  #keys = new Float64Array(64);
  #size = 0;
  /** Of the pair that `next` moved to. */
  rank = -1;
  /** Of the pair that `next` moved to: the place of its left symbol. */
  position = -1;

  /**
   * @param rank below 2²¹
   * @param position below 2³²
   */
  push(rank: number, position: number): void {
    if (this.#size === this.#keys.length) {
      const keys = new Float64Array(2 * this.#size);
      keys.set(this.#keys);
      this.#keys = keys;
    }
    const keys = this.#keys;
    const key = rank * shift + position;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const above = keys[parent] as number;
      if (above <= key) break;
      keys[at] = above;
      at = parent;
    }
    keys[at] = key;
  }

  /** Takes the first pair out, into `rank` and `position`; `false` when there is none. */
  next(): boolean {
    if (this.#size === 0) return false;
    const keys = this.#keys;
    const first = keys[0] as number;
    this.rank = Math.floor(first / shift);
    this.position = first - this.rank * shift;
    const size = --this.#size;
    const key = keys[size] as number;
    let at = 0;
    for (let child = 1; child < size; child = 4 * at + 1) {
      let least = child;
      let leastKey = keys[child] as number;
      const end = Math.min(child + 4, size);
      for (let other = child + 1; other < end; other++) {
        const otherKey = keys[other] as number;
        if (otherKey < leastKey) {
          least = other;
          leastKey = otherKey;
        }
      }
      if (leastKey >= key) break;
      keys[at] = leastKey;
      at = least;
    }
    keys[at] = key;
    return true;
  }
}
