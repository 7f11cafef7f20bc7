import type { Binding, Runtime, Session, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';
import type { KvCache } from '../engine/model-runner.js';

export interface KvPoolShape {
  readonly layers: number;
  /** Sequences that the pool holds at once. */
  readonly slots: number;
  readonly kvHeads: number;
  /** Positions that a sequence can hold. */
  readonly positions: number;
  readonly headSize: number;
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
  readonly #tensors: readonly { readonly suffix: string; readonly tensor: Tensor<'float32'> }[];
  readonly #rows: (KvRow | undefined)[];

  constructor(runtime: Runtime, shape: KvPoolShape) {
    this.shape = shape;
    this.#rows = new Array<KvRow | undefined>(shape.slots).fill(undefined);
    const dims = [this.#tensorRows, shape.kvHeads, shape.positions + 1, shape.headSize];
    this.#tensors = Array.from({ length: shape.layers }, (_, layer) => [`${layer}.key`, `${layer}.value`])
      .flat()
      .map((suffix) => ({ suffix, tensor: runtime.allocate('float32', dims) }));
  }

  /** The first free row, empty. @throws RangeError when all are taken */
  take(): KvRow {
    const index = this.#rows.indexOf(undefined);
    if (index < 0) throw new RangeError(`All ${this.shape.slots} KV cache rows are taken.`);
    const row = new KvRow(index, this.shape.positions, () => (this.#rows[index] = undefined));
    this.#rows[index] = row;
    return row;
  }

  /** Tokens remembered in the row at `index`; 0 for a free one. */
  lengthAt(index: number): number {
    return this.#rows[index]?.length ?? 0;
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

  /** A binding of the rows `[first, first + count)` as the batch of one pass. */
  bind(session: Session, first: number, count: number): Binding {
    const { kvHeads, positions, headSize } = this.shape;
    if (first < 0 || count < 1 || first + count > this.#tensorRows)
      throw new RangeError(`No rows ${first} to ${first + count}.`);
    const binding = session.createBinding();
    const rowSize = kvHeads * (positions + 1) * headSize;
    for (const { suffix, tensor } of this.#tensors) {
      const view = viewTensor(tensor, first * rowSize, [count, kvHeads, positions + 1, headSize]);
      binding.bindInput(`past_key_values.${suffix}`, view);
      binding.bindOutput(`present_key_values.${suffix}`, view);
    }
    return binding;
  }
}

/** One row of a pool: the cache of one sequence. */
export class KvRow implements KvCache {
  readonly index: number;
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
    return true;
  }

  dispose(): void {
    this.#length = 0;
    this.#release();
  }
}
