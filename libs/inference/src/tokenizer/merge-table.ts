/** Two symbols that may be merged, and what they become. Symbols are numbers from 0 on. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
}

/** The rank of pairs that aren't merged: behind all others. */
export const neverMerged = 2 ** 31 - 1;

/** The merges of a vocabulary by their pair: a hash table with open addressing, 12 bytes a slot. */
export class MergeTable {
  /** Left, right and rank of each slot; a left symbol of -1 marks an empty one. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #merged: Int32Array;

  /** @param merges the most important first; of two with the same pair, the last counts */
  constructor(merges: readonly Merge[]) {
    const capacity = 2 ** Math.ceil(Math.log2(2 * merges.length + 2));
    const slots = new Int32Array(3 * capacity).fill(-1);
    this.#slots = slots;
    this.#mask = capacity - 1;
    this.#merged = Int32Array.from(merges, ({ merged }) => merged);
    merges.forEach(({ left, right }, rank) => {
      const slot = this.#slotOf(left, right);
      slots[slot] = left;
      slots[slot + 1] = right;
      slots[slot + 2] = rank;
    });
  }

  /** The rank of a pair, counted from 0, or `neverMerged`. */
  rank(left: number, right: number): number {
    const rank = this.#slots[this.#slotOf(left, right) + 2] as number;
    return rank < 0 ? neverMerged : rank;
  }

  /** What the merge of that rank makes. */
  merged(rank: number): number {
    return this.#merged[rank] as number;
  }

  /** Where the pair is, or where it would be. */
  #slotOf(left: number, right: number): number {
    const slots = this.#slots;
    const mixed = Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    while (slots[3 * slot] !== -1 && (slots[3 * slot] !== left || slots[3 * slot + 1] !== right)) {
      slot = (slot + 1) & this.#mask;
    }
    return 3 * slot;
  }
}
