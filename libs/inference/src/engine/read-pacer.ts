import type { StepCounts } from './count-tokens.js';

/** Tokens that are read at once before anything was measured, and at least. */
const firstTokens = 64;
const fewestTokens = 16;
/** Share of the longest step that is left to readers even where writing alone takes longer. */
const leastShare = 0.25;
/** What a measurement still counts when the next one is there. */
const fading = 0.5;

/** What a step computed, and how long its pass took. */
export interface MeasuredStep extends Pick<StepCounts, 'readTokens' | 'writeRows'> {
  readonly durationMs: number;
}

/**
 * Decides how much of a prompt is read in a step in which others write, so that none of them waits long for its next
 * token. It follows the speed that was measured last: reading slows down as a prompt gets longer.
 */
export class ReadPacer {
  readonly #longestStepMs: number;
  #writeMs = 0;
  readonly #read = { ms: 0, tokens: 0 };

  /** @param longestStepMs how long such a step should take at most */
  constructor(longestStepMs: number) {
    this.#longestStepMs = longestStepMs;
  }

  /** Tokens that the next step may read when somebody writes. */
  get tokens(): number {
    const { ms, tokens } = this.#read;
    if (tokens === 0) return firstTokens;
    const leftMs = Math.max(this.#longestStepMs - this.#writeMs, leastShare * this.#longestStepMs);
    return Math.max(fewestTokens, Math.floor((leftMs * tokens) / Math.max(ms, Number.MIN_VALUE)));
  }

  record({ readTokens, writeRows, durationMs }: MeasuredStep): void {
    if (readTokens === 0) {
      if (writeRows > 0) this.#writeMs += (1 - fading) * (durationMs - this.#writeMs);
      return;
    }
    const readMs = Math.max(0, durationMs - (writeRows > 0 ? this.#writeMs : 0));
    this.#read.ms = fading * this.#read.ms + readMs;
    this.#read.tokens = fading * this.#read.tokens + readTokens;
  }
}
