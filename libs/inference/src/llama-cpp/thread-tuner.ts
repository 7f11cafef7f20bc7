/** Passes of a kind before another number of threads is tried first, and at most between two trials. */
const firstTrial = 4;
const rarestTrial = 1024;
/** Passes that a trial takes, and that it is compared with. */
const trialPasses = 3;
const recentPasses = 5;
/** How much faster another number must be to be taken. */
const worthIt = 0.93;
/** How much slower passes must get for a trial to come at once: somebody else computes on this machine now. */
const alarming = 1.5;

/**
 * Finds out how many threads compute fastest, while they compute. The library's threads wait for each other by spinning,
 * some hundred times in a pass: where another program has one of the processors, all wait for that thread, and one thread
 * alone can be several times as fast. Small models are often written faster by fewer threads than a machine has, too.
 *
 * Passes are told apart by how many rows they compute: powers of two.
 */
export class ThreadTuner {
  readonly #candidates: readonly number[];
  readonly #kinds = new Map<number, Kind>();

  /** @param most threads that may compute, at least 1 */
  constructor(most: number) {
    this.#candidates = [...new Set([most, Math.ceil(most / 2), 1])];
  }

  /** Threads for the next pass. */
  choose(rows: number): number {
    return this.#kindOf(rows).choose();
  }

  /** A pass took so long with the number of threads that was chosen last for so many rows. */
  record(rows: number, durationMs: number): void {
    this.#kindOf(rows).record(durationMs / rows);
  }

  #kindOf(rows: number): Kind {
    const size = Math.floor(Math.log2(Math.max(1, rows)));
    const known = this.#kinds.get(size);
    if (known) return known;
    const kind = new Kind(this.#candidates);
    this.#kinds.set(size, kind);
    return kind;
  }
}

/** Passes of about the same number of rows. */
class Kind {
  readonly #candidates: readonly number[];
  /** Index of the number in use, and of the one on trial. */
  #current = 0;
  #trial: number | undefined;
  #next = 1;
  #recent: number[] = [];
  #tried: number[] = [];
  /** What a pass cost when the last trial ended. */
  #usual = Infinity;
  #interval = firstTrial;
  #untilTrial = firstTrial;

  constructor(candidates: readonly number[]) {
    this.#candidates = candidates;
  }

  choose(): number {
    return this.#candidates[this.#trial ?? this.#current] as number;
  }

  record(cost: number): void {
    if (this.#candidates.length < 2) return;
    if (this.#trial !== undefined) {
      this.#tried.push(cost);
      if (this.#tried.length === trialPasses) this.#endTrial(this.#trial);
      return;
    }
    this.#recent = [...this.#recent, cost].slice(-recentPasses);
    this.#untilTrial -= 1;
    const isFull = this.#recent.length === recentPasses;
    if (this.#untilTrial <= 0 || (isFull && median(this.#recent) > alarming * this.#usual)) this.#beginTrial();
  }

  #beginTrial(): void {
    if (this.#next === this.#current) this.#next = (this.#next + 1) % this.#candidates.length;
    this.#trial = this.#next;
    this.#next = (this.#next + 1) % this.#candidates.length;
    this.#tried = [];
  }

  #endTrial(candidate: number): void {
    const before = median(this.#recent);
    const now = median(this.#tried);
    this.#trial = undefined;
    if (now < worthIt * before) {
      this.#current = candidate;
      this.#recent = this.#tried;
      this.#usual = now;
      this.#interval = firstTrial;
    } else {
      this.#usual = before;
      this.#interval = Math.min(rarestTrial, 2 * this.#interval);
    }
    this.#untilTrial = this.#interval;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Infinity;
}
