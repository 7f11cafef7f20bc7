import { setImmediate as turn } from 'node:timers/promises';
import type { GenerateRequest, GenerationEvent, InferenceBackend, ModelCard } from '../contract.js';
import { InferenceError } from '../errors.js';
import { countTokens } from './count-tokens.js';
import { createSequence } from './create-sequence.js';
import { Drafter } from './drafter.js';
import { EngineTrace } from './engine-trace.js';
import type { ForwardItem, ModelRunner } from './model-runner.js';
import { Scheduler, type SchedulerOptions, type StepItem } from './scheduler.js';
import { Slot } from './slot.js';
import type { TraceSink } from './trace.js';

export interface EngineOptions extends SchedulerOptions {
  /** Generations that run at once. Each holds a cache in memory. At most the runner's `slots`. @default 8 */
  readonly slots?: number | undefined;
  /**
   * Whether a generation that runs alone is sped up by prompt lookup: what followed the same words earlier, in the
   * prompt or the answer, is checked in one pass. The text is the same with and without; drafting stops while it
   * doesn't pay. @default true, where the runner takes drafts
   */
  readonly drafts?: boolean | undefined;
  /** Told of every request and step, moment by moment: for profiling. @default nobody is told */
  readonly trace?: TraceSink | undefined;
  /** Milliseconds of a clock that never goes back, to measure passes with. @default `performance.now` */
  readonly now?: (() => number) | undefined;
  /** Called for what an operator may want to know. Must not throw. @default nobody is told */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined;
}

export type EngineEvent =
  /** A computation failed; the sequences in it got the error. */
  | { readonly type: 'step-failed'; readonly model: string; readonly sequences: number; readonly error: unknown }
  /** The loop guard ended an answer. */
  | {
      readonly type: 'loop-ended';
      readonly model: string;
      readonly promptTokens: number;
      readonly completionTokens: number;
    };

/** What an engine is doing, and what it did since it was made. */
export interface EngineStats {
  /** Generations with a slot. */
  readonly running: number;
  /** Generations that wait for one. */
  readonly waiting: number;
  readonly slots: number;
  /** Forward passes begun. */
  readonly steps: number;
  /** Prompt tokens read; those taken from a cache don't count. */
  readonly promptTokens: number;
  /** Tokens written. */
  readonly generatedTokens: number;
  /** Tokens that were drafted and checked. */
  readonly draftedTokens: number;
  /** Those of them that were right, and saved a pass each. */
  readonly acceptedTokens: number;
}

/** One loaded model, and the loop that serves everyone from it. */
export class Engine implements InferenceBackend {
  readonly #runner: ModelRunner;
  readonly #options: EngineOptions;
  readonly #slots: readonly Slot[];
  readonly #scheduler: Scheduler;
  readonly #drafter: Drafter | undefined;
  readonly #now: () => number;
  readonly #trace: EngineTrace | undefined;
  readonly #totals = { steps: 0, promptTokens: 0, generatedTokens: 0, draftedTokens: 0, acceptedTokens: 0 };
  #computing: { readonly step: readonly StepItem[]; readonly controller: AbortController } | undefined;
  #loop: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Takes the runner over: `close` disposes of it.
   * @throws TypeError when an option is no usable number
   */
  constructor(runner: ModelRunner, options: EngineOptions = {}) {
    const slots = options.slots ?? Math.min(8, runner.slots);
    if (!(Number.isInteger(slots) && slots >= 1 && slots <= runner.slots))
      throw new TypeError(`The option slots must be a whole number from 1 to ${runner.slots}; it is ${slots}.`);
    this.#runner = runner;
    this.#options = options;
    this.#slots = Array.from({ length: slots }, () => new Slot(runner.createCache()));
    const { drafts = true, now = () => performance.now() } = options;
    this.#drafter = drafts && runner.longestDraft > 0 ? new Drafter(runner.longestDraft) : undefined;
    this.#scheduler = new Scheduler(this.#slots, options, this.#drafter);
    this.#now = now;
    this.#trace = options.trace && new EngineTrace(options.trace, now);
  }

  async models(): Promise<readonly ModelCard[]> {
    return [this.#runner.card];
  }

  /** Refuses before it tokenises, so that refusing is cheap. */
  async *generate(request: GenerateRequest): AsyncGenerator<GenerationEvent, void, undefined> {
    const { signal } = request;
    signal?.throwIfAborted();
    this.#checkRequest(request);
    const sequence = createSequence(this.#runner, request, {
      onCancel: () => this.#terminateIfAbandoned(),
      onLoop: ({ promptLength, completionTokens }) =>
        this.#tell({ type: 'loop-ended', model: request.model, promptTokens: promptLength, completionTokens }),
    });
    this.#scheduler.add(sequence);
    this.#trace?.begin(sequence);
    this.#loop ??= this.#run();
    const cancel = (): void => sequence.cancel(signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      yield* sequence.events();
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#trace?.end(sequence);
    }
  }

  stats(): EngineStats {
    const { running, waiting } = this.#scheduler;
    return { running, waiting, slots: this.#slots.length, ...this.#totals };
  }

  /** Finishes what was accepted, also what still waits. New requests are refused as `closed`. */
  close(): Promise<void> {
    this.#closed ??= this.#dispose();
    return this.#closed;
  }

  async #dispose(): Promise<void> {
    await this.#loop;
    for (const slot of this.#slots) slot.cache.dispose();
    await this.#runner.dispose();
  }

  #checkRequest({ model }: GenerateRequest): void {
    const { id } = this.#runner.card;
    if (model !== id)
      throw new InferenceError('model_not_found', `There is no model '${model}' here.`, { details: { model } });
    if (this.#closed) throw new InferenceError('closed', `The engine of '${id}' was closed.`, { details: { model } });
    this.#scheduler.checkRoom();
  }

  /** Plans, computes and advances until there is nothing to do. */
  async #run(): Promise<void> {
    try {
      for (;;) {
        // Without a turn of the event loop a fast runner would keep new requests and cancellations out.
        await turn();
        const step = this.#scheduler.plan();
        if (step.length === 0) break;
        this.#follow();
        await this.#compute(step);
        this.#follow();
      }
    } catch (error) {
      // A cache that can't be emptied, a listener that throws: whatever it is, nobody must wait for ever.
      this.#scheduler.failAll(() => toFailure(error));
    }
    this.#loop = undefined;
  }

  /** Lets the trace know what phase each request is in. */
  #follow(): void {
    if (!this.#trace) return;
    for (const { sequence } of this.#slots) if (sequence) this.#trace.follow(sequence);
  }

  async #compute(step: readonly StepItem[]): Promise<void> {
    const controller = new AbortController();
    this.#computing = { step, controller };
    this.#totals.steps += 1;
    const startedAt = this.#now();
    let computedAt: number | undefined;
    let accepted = 0;
    try {
      const rows = await this.#runner.forward(step.map(toForwardItem), controller.signal);
      computedAt = this.#now();
      this.#scheduler.record({ ...countTokens(step), durationMs: computedAt - startedAt });
      for (const [index, item] of step.entries()) accepted += this.#advance(item, rows[index] ?? []);
      const [only] = step;
      if (only && step.length === 1 && only.kind === 'write')
        this.#drafter?.record(only.sequence, only.drafts.length, accepted, computedAt - startedAt);
    } catch (error) {
      // What a broken cache holds is unknown.
      for (const item of step) this.#fail(item, error);
      if (!controller.signal.aborted)
        this.#tell({ type: 'step-failed', model: this.#runner.card.id, sequences: step.length, error });
    } finally {
      this.#computing = undefined;
      this.#trace?.step(step, startedAt, computedAt, accepted);
    }
  }

  /** Returns how many of the drafts were right. */
  #advance(item: StepItem, rows: readonly Float32Array[]): number {
    const { sequence, slot, tokens, drafts, logitRows } = item;
    slot.remember(tokens);
    const length = sequence.tokens.length;
    this.#totals.promptTokens += Math.max(
      0,
      Math.min(slot.tokens.length, sequence.promptLength) - (slot.tokens.length - tokens.length),
    );
    try {
      if (rows.length !== logitRows)
        throw new TypeError(`The runner returned ${rows.length} rows of logits where ${logitRows} were wanted.`);
      sequence.advance(rows, drafts);
      const written = sequence.tokens.length - length;
      const accepted = Math.max(0, written - 1);
      if (drafts.length > 0) slot.keepDrafts(drafts.slice(0, accepted));
      this.#totals.generatedTokens += written;
      this.#totals.draftedTokens += drafts.length;
      this.#totals.acceptedTokens += accepted;
      return accepted;
    } catch (error) {
      this.#fail(item, error);
      this.#tell({ type: 'step-failed', model: this.#runner.card.id, sequences: 1, error });
      return 0;
    }
  }

  #fail({ sequence, slot }: StepItem, cause: unknown): void {
    sequence.fail(toFailure(cause));
    slot.empty();
  }

  /**
   * Ends the running pass when nobody waits for any of it. One token each, with what is drafted, is let finish: it
   * takes no longer than any step, and the caches stay good for the next request.
   */
  #terminateIfAbandoned(): void {
    const { step, controller } = this.#computing ?? {};
    if (!step || !step.every(({ sequence }) => sequence.cancelled)) return;
    if (step.some(({ tokens }) => tokens.length > 1)) controller?.abort();
  }

  #tell(event: EngineEvent): void {
    this.#options.onEvent?.(event);
  }
}

function toForwardItem({ slot: { cache }, tokens, kind, drafts, logitRows }: StepItem): ForwardItem {
  return { cache, tokens: drafts.length > 0 ? [...tokens, ...drafts] : tokens, kind, logitRows };
}

function toFailure(cause: unknown): InferenceError {
  return new InferenceError('engine_failed', 'The computation of this answer failed. Try again.', { cause });
}
