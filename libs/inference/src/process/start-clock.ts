/** What clients are told where nothing is known. Seconds; official clients try three times and give up. */
const unknownSeconds = 10;

/**
 * Says how long a process that starts will still take: what its last load took, less what has passed.
 *
 * Work that later starts don't repeat, such as building a model, is counted apart: it has its own estimate, and is no
 * part of what a load takes. All times are milliseconds of one clock (`performance.now()`).
 */
export class StartClock {
  #loadMs: number | undefined;
  /** Undefined while nothing starts. */
  #start: { readonly at: number; prepared?: { readonly from: number; to: number; estimatedEnd?: number } } | undefined;

  /** @param loadMs what the last load took, where that is known */
  constructor(loadMs?: number) {
    this.#loadMs = loadMs;
  }

  /** A process starts at that time, which may lie ahead. */
  start(at: number): void {
    this.#start = { at };
  }

  /**
   * The start is at work that later starts don't repeat.
   *
   * @param leftMs how long that work still takes, where that is known
   */
  prepare(now: number, leftMs?: number): void {
    if (!this.#start) return;
    const { from = now, estimatedEnd } = this.#start.prepared ?? {};
    this.#start.prepared = { from, to: now, estimatedEnd: leftMs === undefined ? estimatedEnd : now + leftMs };
  }

  /** It is ready. Returns what the load took without that work. */
  ready(now: number): number {
    const { at = now, prepared } = this.#start ?? {};
    this.#start = undefined;
    this.#loadMs = Math.max(0, now - at - (prepared ? prepared.to - prepared.from : 0));
    return this.#loadMs;
  }

  /** Whole seconds till it is ready, at least 1; 10 where nothing is known. */
  secondsLeft(now: number): number {
    const end = this.#expectedEnd(now);
    return end === undefined ? unknownSeconds : Math.max(1, Math.ceil((end - now) / 1_000));
  }

  #expectedEnd(now: number): number | undefined {
    const { at = now, prepared } = this.#start ?? {};
    if (!prepared) return this.#loadMs === undefined ? undefined : at + this.#loadMs;
    return prepared.estimatedEnd === undefined ? undefined : prepared.estimatedEnd + (this.#loadMs ?? 0);
  }
}
