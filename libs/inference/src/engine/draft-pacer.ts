const shortestDraft = 2;
const firstDraft = 8;
/** In passes of one token. */
const mostCredit = 4;
const mostDebt = 2;
const shortestPause = 8;
const longestPause = 256;

/**
 * Decides how many tokens are drafted for one sequence: more while all are right, fewer when some are wrong, none
 * for a while when checking them costs more than they save.
 *
 * It keeps an account, in passes of one token: a pass with drafts earns the tokens that it wrote and pays for the
 * time that it took. Earnings are capped, so that drafts stop soon after they stop paying, and debts are bounded:
 * each pause is longer than the last, until a pass pays again.
 */
export class DraftPacer {
  readonly #longest: number;
  #length: number;
  #account = 0;
  #pause = 0;
  #nextPause = shortestPause;

  /** `longest` is at least 1. */
  constructor(longest: number) {
    this.#longest = longest;
    this.#length = Math.min(firstDraft, longest);
  }

  /** Most tokens to draft for the next pass. 0: none; each call is taken for a pass. */
  next(): number {
    if (this.#pause === 0) return this.#length;
    this.#pause -= 1;
    return 0;
  }

  /**
   * A pass checked `drafted` tokens, at least one, of which the first `accepted` were right; it took as long as
   * `cost` passes of one token.
   */
  record(drafted: number, accepted: number, cost: number): void {
    const length = accepted === drafted ? Math.max(this.#length, 2 * drafted) : Math.ceil(this.#length / 2);
    this.#length = Math.min(this.#longest, Math.max(shortestDraft, length));
    const profit = 1 + accepted - cost;
    this.#account = Math.max(-mostDebt, Math.min(mostCredit, this.#account + profit));
    if (profit > 0) this.#nextPause = shortestPause;
    if (this.#account > -mostDebt) return;
    this.#pause = this.#nextPause;
    this.#nextPause = Math.min(longestPause, 2 * this.#nextPause);
    this.#account = -mostDebt / 2;
  }
}
