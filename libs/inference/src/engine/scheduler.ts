import { InferenceError } from '../errors.js';
import type { Drafter } from './drafter.js';
import type { MeasuredStep } from './read-pacer.js';
import { ReadPacer } from './read-pacer.js';
import type { Sequence } from './sequence.js';
import type { Slot } from './slot.js';

export interface SchedulerOptions {
  /** Generations that may wait for a slot; further ones are refused as `overloaded`. @default 64 */
  readonly queue?: number | undefined;
  /**
   * Tokens of a prompt that are read in one go at most. More reads faster, fewer lets new requests in sooner. Chunks
   * end at multiples of this number; while somebody writes, they are parted further. @default 256
   */
  readonly chunkTokens?: number | undefined;
  /**
   * Milliseconds that a step should take at most in which somebody writes: of a prompt, it reads what fits in at the
   * speed that was measured last. The longest pause in the others' answers, about. @default 180
   */
  readonly longestStepMs?: number | undefined;
  /**
   * Prompt tokens that one step reads at most, of all sequences together; one chunk is always read. Tokens that
   * are being written come on top. @default `chunkTokens`
   */
  readonly tokensPerStep?: number | undefined;
}

/** One sequence's part of a step. */
export interface StepItem {
  readonly sequence: Sequence;
  readonly slot: Slot;
  /** What is appended to the slot's cache. */
  readonly tokens: readonly number[];
  /** Tokens of the prompt, or the one that was written last. */
  readonly kind: 'read' | 'write';
  /** What may follow the tokens: goes into the same pass and stays in the cache as far as it proves right. */
  readonly drafts: readonly number[];
  /** Of how many of the last tokens, drafts included, the logits are wanted: 0 before the prompt's end is read. */
  readonly logitRows: number;
}

/**
 * Decides what the next step computes. Holds the only copy of who waits and who runs.
 *
 * There is no prefill phase and no decode phase: a sequence with many unseen tokens is reading its prompt, one
 * with a single unseen token is writing.
 */
export class Scheduler {
  readonly #slots: readonly Slot[];
  readonly #queue: number;
  readonly #chunkTokens: number;
  readonly #tokensPerStep: number;
  readonly #pacer: ReadPacer;
  readonly #drafter: Drafter | undefined;
  /** Who was admitted or read a chunk longest ago is next: readers take turns. */
  readonly #lastTurn = new Map<Slot, number>();
  #waiting: Sequence[] = [];
  #clock = 0;
  #turns = 0;

  /**
   * `drafter`: for sequences that run alone. @default nothing is drafted
   * @throws TypeError when an option is no usable number
   */
  constructor(slots: readonly Slot[], options: SchedulerOptions = {}, drafter?: Drafter) {
    this.#drafter = drafter;
    this.#slots = slots;
    this.#queue = checkCount('queue', options.queue ?? 64, 0);
    this.#chunkTokens = checkCount('chunkTokens', options.chunkTokens ?? 256, 1);
    this.#tokensPerStep = checkCount('tokensPerStep', options.tokensPerStep ?? this.#chunkTokens, 1);
    this.#pacer = new ReadPacer(checkCount('longestStepMs', options.longestStepMs ?? 180, 1));
  }

  /** Generations with a slot. */
  get running(): number {
    return this.#slots.filter(({ sequence }) => sequence && !sequence.finished).length;
  }

  /** Generations without one yet. */
  get waiting(): number {
    return this.#waiting.filter(({ finished }) => !finished).length;
  }

  /** @throws InferenceError `overloaded` when neither a slot nor a place in the queue is free */
  checkRoom(): void {
    const free = this.#slots.length - this.running;
    if (this.waiting < this.#queue + free) return;
    throw new InferenceError('overloaded', `${this.waiting} requests are waiting already. Try again later.`, {
      details: { retryAfter: 1 },
    });
  }

  /** @throws InferenceError `overloaded`, as `checkRoom` */
  add(sequence: Sequence): void {
    this.checkRoom();
    this.#waiting.push(sequence);
  }

  /**
   * The next step, empty when there is nothing to do.
   *
   * (1) Slots of finished sequences are freed. (2) Waiting sequences take free slots, first come first served.
   * (3) Writers get one token each. (4) Readers take turns with chunks, as many as the step's budget holds, but at
   * least one: so nobody starves. Where there are writers, the budget is what can be read in a short time: a long
   * prompt slows them down without stopping them. (5) A writer that is all alone checks drafted tokens too: with others, its extra rows would be time taken from them.
   */
  plan(): StepItem[] {
    this.#clock += 1;
    this.#release(); // (1)
    this.#admit(); // (2)
    const step: StepItem[] = [];
    const readers: Slot[] = [];
    for (const slot of this.#slots) {
      if (!slot.sequence) continue;
      if (slot.sequence.tokens.length - slot.tokens.length > 1) readers.push(slot);
      else step.push(toItem(slot, slot.sequence, 1)); // (3)
    }
    const most = step.length > 0 ? this.#pacer.tokens : Infinity; // (4)
    let budget = Math.min(this.#tokensPerStep, most);
    readers.sort((a, b) => (this.#lastTurn.get(a) ?? 0) - (this.#lastTurn.get(b) ?? 0));
    for (const [turn, slot] of readers.entries()) {
      if (!slot.sequence) continue;
      const count = this.#countChunk(slot, slot.sequence, most);
      if (turn > 0 && count > budget) break;
      budget -= count;
      this.#endTurn(slot);
      step.push(toItem(slot, slot.sequence, count));
    }
    const [only] = step; // (5)
    if (only && step.length === 1 && only.kind === 'write') return [this.#draft(only)];
    return step;
  }

  /** A step was computed: how much the next one reads depends on it. */
  record(step: MeasuredStep): void {
    this.#pacer.record(step);
  }

  /** Ends everything that runs or waits, each with an error of its own. */
  failAll(createError: () => unknown): void {
    for (const { sequence } of this.#slots) sequence?.fail(createError());
    for (const sequence of this.#waiting) sequence.fail(createError());
  }

  #release(): void {
    for (const slot of this.#slots) {
      if (!slot.sequence?.finished) continue;
      slot.sequence = undefined;
      slot.lastUsed = this.#clock;
    }
    this.#waiting = this.#waiting.filter(({ finished }) => !finished);
  }

  #admit(): void {
    for (;;) {
      const free = this.#slots.filter(({ sequence }) => !sequence);
      if (free.length === 0) return;
      const [sequence] = this.#waiting;
      if (!sequence) return;
      const slot = chooseSlot(free, sequence);
      this.#endTurn(slot);
      sequence.start(slot.assign(sequence));
      this.#waiting.shift();
    }
  }

  #draft(item: StepItem): StepItem {
    const drafts = this.#drafter?.propose(item.sequence) ?? [];
    return { ...item, drafts, logitRows: item.logitRows + drafts.length };
  }

  #endTurn(slot: Slot): void {
    this.#turns += 1;
    this.#lastTurn.set(slot, this.#turns);
  }

  /** A chunk, or one of its equal parts where it is larger than `most`. */
  #countChunk(slot: Slot, sequence: Sequence, most: number): number {
    const from = slot.tokens.length;
    const chunkEnd = from - (from % this.#chunkTokens) + this.#chunkTokens;
    const count = Math.min(chunkEnd, sequence.tokens.length) - from;
    const parts = Math.max(1, Math.ceil(count / most));
    return Math.ceil(count / parts);
  }
}

/**
 * The slot whose cache starts most like the sequence, when going on there saves at least as much as it throws
 * away, or everything that can be saved. Else the one that is missed least: an empty one, or the one used longest
 * ago. (Without the first condition, two conversations that share a few tokens would evict each other while other
 * slots are empty.)
 */
function chooseSlot(free: readonly Slot[], sequence: Sequence): Slot {
  const [oldest, ...others] = [...free].sort(
    (a, b) => Number(a.tokens.length > 0) - Number(b.tokens.length > 0) || a.lastUsed - b.lastUsed,
  ) as [Slot, ...Slot[]];
  let best = oldest;
  let most = oldest.countReusable(sequence);
  for (const slot of others) {
    const reusable = slot.countReusable(sequence);
    const isWorthIt = reusable >= slot.tokens.length - reusable || reusable === sequence.tokens.length - 1;
    if (reusable > most && isWorthIt) [best, most] = [slot, reusable];
  }
  return best;
}

function toItem(slot: Slot, sequence: Sequence, count: number): StepItem {
  const from = slot.tokens.length;
  const to = from + count;
  return {
    sequence,
    slot,
    tokens: sequence.tokens.slice(from, to),
    kind: from < sequence.promptLength ? 'read' : 'write',
    drafts: [],
    logitRows: to === sequence.tokens.length ? 1 : 0,
  };
}

function checkCount(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new TypeError(`The option ${name} must be a whole number, at least ${least}; it is ${value}.`);
}
