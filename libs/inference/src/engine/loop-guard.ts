/** Tokens that must be one loop. */
const windowLength = 512;
/** Longest loop that is looked for: the window holds at least 8 rounds of it. */
const longestPeriod = 64;

/**
 * Notices a model that only repeats itself: the last 512 tokens are one loop of at most 64 tokens.
 *
 * Keeps, for each period, how many tokens in a row equalled the one a period earlier: 64 comparisons a token,
 * however long the text is.
 */
export class LoopGuard {
  readonly #recent = new Int32Array(longestPeriod).fill(-1);
  readonly #runs = new Int32Array(longestPeriod + 1);
  #count = 0;

  /** Takes the next token of the answer. `true` when the answer has become a loop. */
  push(token: number): boolean {
    let loops = false;
    for (let period = 1; period <= longestPeriod; period += 1) {
      const isRepeated = period <= this.#count && this.#recent[(this.#count - period) % longestPeriod] === token;
      const run = isRepeated ? (this.#runs[period] as number) + 1 : 0;
      this.#runs[period] = run;
      if (run + period >= windowLength) loops = true;
    }
    this.#recent[this.#count % longestPeriod] = token;
    this.#count += 1;
    return loops;
  }
}
