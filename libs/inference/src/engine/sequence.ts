import type { FinishReason, GenerationEvent } from '../contract.js';
import { EventQueue } from './event-queue.js';
import type { LoopGuard } from './loop-guard.js';
import type { Tokenizer } from './model-runner.js';
import type { Sampler } from './sampler.js';
import type { TextAssembler } from './text-assembler.js';
import type { TokenHistory } from './token-history.js';

export interface SequenceOptions {
  /** The model's id, for the start event. */
  readonly model: string;
  /** At least one token. */
  readonly prompt: readonly number[];
  /** Most tokens to write, at least one. Prompt and answer together fit the context. */
  readonly maxTokens: number;
  readonly tokenizer: Pick<Tokenizer, 'endTokens' | 'tokenBytes'>;
  readonly sampler: Sampler;
  readonly assembler: TextAssembler;
  /** @default loops go on */
  readonly loopGuard?: LoopGuard | undefined;
  /** @default shared with all that name none */
  readonly cacheScope?: string | undefined;
  /** Called when the reader has gone before the end. */
  readonly onCancel?: (() => void) | undefined;
  /** Called when the loop guard ended the answer. */
  readonly onLoop?: ((sequence: Sequence) => void) | undefined;
}

/** One generation in flight: its tokens so far, and the reader waiting for its events. */
export class Sequence implements TokenHistory {
  readonly tokens: number[];
  readonly promptLength: number;
  readonly cacheScope: string | undefined;
  readonly #options: SequenceOptions;
  readonly #events = new EventQueue<GenerationEvent>();
  #cachedTokens = 0;
  #finished = false;
  #cancelled = false;

  constructor(options: SequenceOptions) {
    this.tokens = [...options.prompt];
    this.promptLength = options.prompt.length;
    this.cacheScope = options.cacheScope;
    this.#options = options;
  }

  /** Prompt tokens that were taken from a cache. */
  get cachedTokens(): number {
    return this.#cachedTokens;
  }

  /** Tokens written, the one that ended the answer included. */
  get completionTokens(): number {
    return this.tokens.length - this.promptLength;
  }

  /** Tokens that it may still write. */
  get remainingTokens(): number {
    return this.#options.maxTokens - this.completionTokens;
  }

  /** Whether it needs no more steps: it ended, failed or was cancelled. */
  get finished(): boolean {
    return this.#finished;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** It has a slot now, whose cache already holds the first tokens. */
  start(cachedTokens: number): void {
    this.#cachedTokens = cachedTokens;
    this.#events.push({ type: 'start', model: this.#options.model, promptTokens: this.promptLength });
  }

  /**
   * Takes the logits after the last token, and those after each of the drafted tokens that would follow it. Each row
   * is sampled from in turn, exactly as if it had come alone, for as long as the token before it is the drafted
   * one: grows by a token for each row taken, or finishes. Does nothing once finished.
   * @throws InferenceError `engine_failed` when the logits are of no use
   */
  advance(rows: readonly Float32Array[], drafts: readonly number[] = []): void {
    for (const [row, logits] of rows.entries()) {
      if (this.#finished || (row > 0 && this.tokens.at(-1) !== drafts[row - 1])) return;
      this.#write(logits);
    }
  }

  #write(logits: Float32Array): void {
    const { tokenizer, sampler, assembler, loopGuard, maxTokens, onLoop } = this.#options;
    const token = sampler.next(logits, this);
    this.tokens.push(token);
    if (tokenizer.endTokens.has(token)) {
      this.#end('stop');
      return;
    }
    const { text, stopped } = assembler.push(tokenizer.tokenBytes(token));
    this.#say(text);
    if (stopped) this.#end('stop');
    else if (this.completionTokens >= maxTokens) this.#end('length');
    else if (loopGuard?.push(token)) {
      onLoop?.(this);
      this.#end('length');
    }
  }

  /** Ends it with an error, thrown to the reader after the events so far. */
  fail(error: unknown): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#events.fail(error);
  }

  /**
   * Ends a generation nobody reads any more; who still reads gets `reason` thrown at once, also when all is written
   * but not yet read. The scheduler frees its slot before the next step.
   */
  cancel(reason?: unknown): void {
    this.#events.abort(reason ?? new DOMException('The generation was cancelled.', 'AbortError'));
    if (this.#finished) return;
    this.#finished = true;
    this.#cancelled = true;
    this.#options.onCancel?.();
  }

  /** For one reader. Leaving the loop early cancels. */
  async *events(): AsyncGenerator<GenerationEvent, void, undefined> {
    try {
      yield* this.#events;
    } finally {
      this.cancel();
    }
  }

  #say(text: string): void {
    if (text !== '') this.#events.push({ type: 'text-delta', text });
  }

  #end(reason: FinishReason): void {
    this.#finished = true;
    // What was held back may complete a stop text only now, when a last character turned out to be broken.
    const { text, stopped } = this.#options.assembler.flush();
    this.#say(text);
    this.#events.push({
      type: 'end',
      reason: stopped ? 'stop' : reason,
      usage: {
        promptTokens: this.promptLength,
        completionTokens: this.completionTokens,
        cachedTokens: this.#cachedTokens,
      },
    });
    this.#events.end();
  }
}
