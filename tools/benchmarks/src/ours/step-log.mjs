/** Remembers an engine's steps, as its trace tells them. */
export class StepLog {
  #steps = [];

  /** @param {import('@mcli/inference').TraceEvent} event */
  event({ category, name, atMs, durationMs, counts }) {
    if (category === 'step' && name === 'step') this.#steps.push({ atMs, endMs: atMs + durationMs, ...counts });
  }

  clear() {
    this.#steps = [];
  }

  /**
   * Milliseconds from the beginning of the first to the end of the last of `count` steps that follow each other, in each of
   * which `sequences` write one token and nobody reads. What lies between two steps counts. `undefined` when there are no
   * such steps.
   */
  writing(sequences, count) {
    let first = 0;
    for (const [at, { readTokens, writeRows }] of this.#steps.entries()) {
      if (readTokens > 0 || writeRows !== sequences) first = at + 1;
      else if (at - first + 1 === count) return this.#steps[at].endMs - this.#steps[first].atMs;
    }
    return undefined;
  }
}
