import { DraftPacer } from './draft-pacer.js';
import { PromptLookup } from './prompt-lookup.js';
import type { Sequence } from './sequence.js';

/** How much a new measurement counts against those before. */
const weight = 0.2;

/**
 * Proposes what a sequence that runs alone may write next, and learns what that costs. Holds one index: that of the
 * sequence that it was asked for last.
 */
export class Drafter {
  readonly #longest: number;
  #current: { readonly sequence: Sequence; readonly lookup: PromptLookup; readonly pacer: DraftPacer } | undefined;
  /** How long a pass takes that writes one token of one sequence. */
  #plainMs: number | undefined;

  /** `longest` is how many tokens a pass can check. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Tokens to check in the sequence's next pass; never more than it may still write after that pass's own token. */
  propose(sequence: Sequence): readonly number[] {
    const room = Math.min(this.#longest, sequence.remainingTokens - 1);
    if (this.#plainMs === undefined || room < 1) return [];
    if (this.#current?.sequence !== sequence) {
      this.#current = {
        sequence,
        lookup: new PromptLookup(sequence.tokens),
        pacer: new DraftPacer(this.#longest),
      };
    }
    const { lookup, pacer } = this.#current;
    return lookup.propose(Math.min(room, pacer.next()));
  }

  /** A pass wrote for one sequence alone: it checked `drafted` tokens, of which `accepted` were right. */
  record(sequence: Sequence, drafted: number, accepted: number, durationMs: number): void {
    if (drafted === 0) {
      this.#plainMs ??= durationMs;
      this.#plainMs += weight * (durationMs - this.#plainMs);
    } else if (this.#current?.sequence === sequence) {
      const cost = this.#plainMs ? durationMs / this.#plainMs : 1;
      this.#current.pacer.record(drafted, accepted, cost);
    }
    if (this.#current?.sequence.finished) this.#current = undefined;
  }
}
