/** How many logits stand under one peak. */
const span = 64;

/** The largest logit of each 64 in a row: what most questions about a vocabulary can be answered from. NaN counts as nothing. */
export class Peaks {
  readonly #logits: Float32Array;
  readonly #peaks: Float32Array;

  constructor(logits: Float32Array) {
    this.#logits = logits;
    this.#peaks = new Float32Array(Math.ceil(logits.length / span));
    for (let block = 0; block < this.#peaks.length; block += 1) {
      const from = block * span;
      this.#peaks[block] = findHighest(logits, from, Math.min(from + span, logits.length));
    }
  }

  /** How many there are. */
  get count(): number {
    return this.#peaks.length;
  }

  /** The first of the largest logits; -1 when all are NaN or -Infinity. */
  findLikeliest(): number {
    const highest = findHighest(this.#peaks, 0, this.#peaks.length);
    return highest === -Infinity ? -1 : this.#logits.indexOf(highest, this.#peaks.indexOf(highest) * span);
  }

  /** A logit that at least `count` others reach, and not many more; -Infinity when there are fewer peaks than that. */
  findReachedBy(count: number): number {
    if (count > this.#peaks.length) return -Infinity;
    return this.#peaks.slice().sort()[this.#peaks.length - count] as number;
  }

  /** Writes the indexes of the logits that are at least `least` to `ids`, in their order. Returns how many. */
  collect(least: number, ids: Int32Array): number {
    const [logits, peaks] = [this.#logits, this.#peaks];
    let count = 0;
    for (let block = 0; block < peaks.length; block += 1) {
      if ((peaks[block] as number) < least) continue;
      const to = Math.min((block + 1) * span, logits.length);
      for (let id = block * span; id < to; id += 1) {
        if (!((logits[id] as number) >= least)) continue;
        ids[count] = id;
        count += 1;
      }
    }
    return count;
  }
}

/** Four at a time, so that no comparison waits for the one before it. */
function findHighest(numbers: Float32Array, from: number, to: number): number {
  let [first, second, third, fourth] = [-Infinity, -Infinity, -Infinity, -Infinity];
  let index = from;
  for (; index + 3 < to; index += 4) {
    const one = numbers[index] as number;
    const two = numbers[index + 1] as number;
    const three = numbers[index + 2] as number;
    const four = numbers[index + 3] as number;
    if (one > first) first = one;
    if (two > second) second = two;
    if (three > third) third = three;
    if (four > fourth) fourth = four;
  }
  for (; index < to; index += 1) {
    const one = numbers[index] as number;
    if (one > first) first = one;
  }
  const left = first > second ? first : second;
  const right = third > fourth ? third : fourth;
  return left > right ? left : right;
}
