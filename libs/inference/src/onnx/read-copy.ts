import { setImmediate as turn } from 'node:timers/promises';
import type { Binding, Runtime, Session, Tensor } from '@mcli/ort';
import { KvPool, cacheSuffixes } from './kv-pool.js';
import type { CacheRow } from '../engine/cache-rows.js';
import { bindFresh } from './reading-session.js';

/**
 * Keys and values of one row at a time as float32, over which prompts are read: attention of many new positions is
 * faster over float32, of few over 8 bits. It holds exactly the numbers that the 8-bit cache stands for, so that it
 * makes no difference whether a prefix was read just now or came from the cache.
 */
export class ReadCopy {
  readonly binding: Binding;
  readonly #pool: KvPool;
  readonly #copy: KvPool;
  /** For each of `cacheSuffixes`: `[kvHeads · headSize]`. */
  readonly #scales: readonly Float32Array[];
  /** New keys and values of a pass, for each of `cacheSuffixes`. */
  readonly #fresh: readonly Tensor<'int8'>[];
  /** The row that it is of, and how many of its positions. */
  readonly #held = { row: -1, positions: 0 };

  /** @param longest most new positions of a pass */
  constructor(runtime: Runtime, session: Session, pool: KvPool, scales: readonly Float32Array[], longest: number) {
    const { layers, kvHeads, headSize } = pool.shape;
    this.#pool = pool;
    this.#scales = scales;
    pool.onCut = (row, length) => {
      if (row === this.#held.row) this.#held.positions = Math.min(this.#held.positions, length);
    };
    this.#copy = new KvPool(runtime, { ...pool.shape, slots: 1, type: 'float32' });
    this.#fresh = cacheSuffixes(layers).map(() => runtime.allocate('int8', [kvHeads, longest, headSize]));
    this.binding = this.#copy.bindingOf(session, 0, 1);
  }

  /** Makes the copy one of this row, with all that the row remembers, and room for `count` new positions. */
  async prepare(row: CacheRow, count: number): Promise<void> {
    if (this.#held.row !== row.index) Object.assign(this.#held, { row: row.index, positions: 0 });
    const { kvHeads, layers } = this.#pool.shape;
    if (this.#held.positions < row.length) {
      for (let suffix = 0; suffix < 2 * layers; suffix++) {
        for (let head = 0; head < kvHeads; head++) this.#restore(row, suffix, head);
        if (suffix % 2) await turn();
      }
      this.#held.positions = row.length;
    }
    bindFresh(this.binding, this.#fresh, this.#pool.shape, count);
  }

  /** Takes what a pass over `computed` positions made of the first `count` into the 8-bit cache. */
  keep(row: CacheRow, count: number, computed: number): void {
    const { kvHeads, headSize } = this.#pool.shape;
    for (const [suffix, { data }] of this.#fresh.entries()) {
      for (let head = 0; head < kvHeads; head++) {
        const start = head * computed * headSize;
        this.#pool
          .numbersAt(row.index, suffix, head, row.length, row.length + count)
          .set(data.subarray(start, start + count * headSize));
      }
    }
    row.grow(count);
    this.#held.positions = row.length;
  }

  #restore(row: CacheRow, suffix: number, head: number): void {
    const { headSize } = this.#pool.shape;
    const small = this.#pool.numbersAt(row.index, suffix, head, this.#held.positions, row.length);
    const large = this.#copy.numbersAt(0, suffix, head, this.#held.positions, row.length);
    const scale = (this.#scales[suffix] as Float32Array).subarray(head * headSize, (head + 1) * headSize);
    for (let at = 0; at < small.length; at += headSize) {
      for (let i = 0; i < headSize; i++) large[at + i] = (small[at + i] as number) * (scale[i] as number);
    }
  }

  dispose(): void {
    this.#copy.dispose();
  }
}
