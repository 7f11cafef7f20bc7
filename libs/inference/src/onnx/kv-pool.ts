import type { Binding, Runtime, Session, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';
import type { CacheRow } from '../engine/cache-rows.js';
import { CacheRows } from '../engine/cache-rows.js';
import type { KvCache } from '../engine/model-runner.js';

export interface KvPoolShape {
  readonly layers: number;
  /** Sequences that the pool holds at once. */
  readonly slots: number;
  readonly kvHeads: number;
  /** Positions that a sequence can hold. */
  readonly positions: number;
  readonly headSize: number;
  /** How keys and values are kept. */
  readonly type: 'float32' | 'int8';
}

/**
 * The keys and values of all slots: a tensor `[slots, kvHeads, positions + 1, headSize]` for each layer and
 * kind, which the graph reads and appends to in place. Neighbouring rows can be bound as one batch.
 *
 * The position behind the last one is scratch: a row that idles in the middle of a batch writes behind what
 * it remembers, and a full row writes there. Memory is touched, and so becomes resident, as positions fill.
 */
export class KvPool {
  readonly shape: KvPoolShape;
  /** Told when a row forgets everything behind `length` positions. */
  onCut: ((row: number, length: number) => void) | undefined;
  readonly #tensors: readonly { readonly suffix: string; readonly tensor: CacheTensor }[];
  readonly #rows: CacheRows;
  readonly #bindings = new Map<string, Binding>();

  constructor(runtime: Runtime, shape: KvPoolShape) {
    this.shape = shape;
    const { slots: count, positions } = shape;
    this.#rows = new CacheRows({ count, positions, cut: (row, length) => this.onCut?.(row, length) });
    const dims = [this.#tensorRows, shape.kvHeads, shape.positions + 1, shape.headSize];
    this.#tensors = cacheSuffixes(shape.layers).map((suffix) => ({
      suffix,
      tensor: runtime.allocate(shape.type, dims),
    }));
  }

  /** The first free row, empty. @throws RangeError when all are taken */
  take(): CacheRow {
    return this.#rows.take();
  }

  /** @throws TypeError for a cache of another pool */
  rowOf(cache: KvCache): CacheRow {
    return this.#rows.rowOf(cache);
  }

  /** Tokens remembered in the row at `index`; 0 for a free one. */
  lengthAt(index: number): number {
    return this.#rows.lengthAt(index);
  }

  /** The first of two neighbouring rows of which `index` is one; the other is the shorter of its neighbours. */
  pairOf(index: number): number {
    if (index === 0) return 0;
    if (index === this.#tensorRows - 1) return index - 1;
    return this.lengthAt(index - 1) < this.lengthAt(index + 1) ? index - 1 : index;
  }

  /** Rows that the tensors have: two at least, so that there is a neighbour. */
  get #tensorRows(): number {
    return Math.max(2, this.shape.slots);
  }

  /** A binding of the rows `[first, first + count)` as the batch of one pass; the same one each time. */
  bindingOf(session: Session, first: number, count: number): Binding {
    const key = `${first}+${count}`;
    const known = this.#bindings.get(key);
    if (known) return known;
    if (first < 0 || count < 1 || first + count > this.#tensorRows)
      throw new RangeError(`No rows ${first} to ${first + count}.`);
    const { kvHeads, positions, headSize } = this.shape;
    const binding = session.createBinding();
    for (const { suffix, tensor } of this.#tensors) {
      const view = viewTensor(tensor, this.#offsetOf(first, 0), [count, kvHeads, positions + 1, headSize]);
      binding.bindInput(`past_key_values.${suffix}`, view);
      binding.bindOutput(`present_key_values.${suffix}`, view);
    }
    this.#bindings.set(key, binding);
    return binding;
  }

  /** The numbers of some positions of a row, for one of `cacheSuffixes` and one head: `[to - from, headSize]`. */
  numbersAt(row: number, suffix: number, head: number, from: number, to: number): Float32Array | Int8Array {
    const { headSize } = this.shape;
    const start = this.#offsetOf(row, head);
    return (this.#tensors[suffix] as { tensor: CacheTensor }).tensor.data.subarray(
      start + from * headSize,
      start + to * headSize,
    );
  }

  #offsetOf(row: number, head: number): number {
    const { kvHeads, positions, headSize } = this.shape;
    return (row * kvHeads + head) * (positions + 1) * headSize;
  }

  dispose(): void {
    for (const binding of this.#bindings.values()) binding.dispose();
    this.#bindings.clear();
  }
}

type CacheTensor = Tensor<'float32' | 'int8'>;

/** Ends of the names of a graph's cache inputs and outputs: `0.key`, `0.value`, `1.key` and so on. */
export function cacheSuffixes(layers: number): string[] {
  return Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
}
