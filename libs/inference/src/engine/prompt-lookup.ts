/** n-grams that are looked up, longest first. */
const lengths = [4, 3, 2] as const;
const [longest] = lengths;
/** Entries of an n-gram's table. An entry that another n-gram falls on is lost: memory stays bounded. */
const tableBits = 15;

/**
 * Prompt lookup decoding: the n-gram that just ended is looked up in prompt and answer, and the tokens that
 * followed it there are proposed. Free, and often right where an answer repeats its prompt: code that is edited,
 * text that is summed up, names.
 *
 * The longest n-gram wins, of several occurrences the latest. A place that has agreed for longer than any n-gram is
 * kept until it disagrees. A token takes the same small time however many there are.
 */
export class PromptLookup {
  readonly #tokens: readonly number[];
  /** For each length: hash of an n-gram → the position after its latest occurrence; 0: none. */
  readonly #tables = lengths.map((length) => ({ length, ends: new Int32Array(1 << tableBits) }));
  #seen = 0;
  /** The token there is expected next, for the `#agreed` tokens before it are the last ones. */
  #place = 0;
  #agreed = 0;

  /** `tokens` may grow; it must not change otherwise. */
  constructor(tokens: readonly number[]) {
    this.#tokens = tokens;
  }

  /** What may follow: at most `most` tokens, none when nothing is known. The more agreed before, the longer. */
  propose(most: number): number[] {
    while (this.#seen < this.#tokens.length) this.#take();
    const drafts: number[] = [];
    const count = Math.min(most, 2 * this.#agreed);
    for (let at = this.#place; drafts.length < count; at += 1) {
      // Beyond the end, it goes on as it does in the draft itself: what repeats is a loop.
      drafts.push((this.#tokens[at] ?? drafts[at - this.#tokens.length]) as number);
    }
    return drafts;
  }

  #take(): void {
    const agrees = this.#agreed > 0 && this.#tokens[this.#place] === this.#tokens[this.#seen];
    this.#seen += 1;
    this.#place += 1;
    this.#agreed = agrees ? this.#agreed + 1 : 0;
    let isFound = this.#agreed >= longest;
    for (const { length, ends } of this.#tables) {
      if (length > this.#seen) continue;
      const hash = this.#hash(length);
      const end = ends[hash] as number;
      ends[hash] = this.#seen;
      if (isFound || end === 0 || !this.#isSame(length, end)) continue;
      isFound = true;
      this.#place = end;
      this.#agreed = length;
    }
  }

  #hash(length: number): number {
    let hash = 0;
    for (let at = this.#seen - length; at < this.#seen; at += 1)
      hash = Math.imul(hash ^ (this.#tokens[at] as number), 0x9e3779b1) ^ (hash >>> 15);
    return Math.imul(hash, 0x85ebca6b) >>> (32 - tableBits);
  }

  #isSame(length: number, end: number): boolean {
    for (let back = 1; back <= length; back += 1)
      if (this.#tokens[end - back] !== this.#tokens[this.#seen - back]) return false;
    return true;
  }
}
