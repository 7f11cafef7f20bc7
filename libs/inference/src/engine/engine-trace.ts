import { countTokens } from './count-tokens.js';
import type { StepItem } from './scheduler.js';
import type { Sequence } from './sequence.js';
import type { TraceEvent, TraceSink } from './trace.js';

type Phase = 'queued' | 'reading' | 'writing';

/** Tells a sink what an engine does: each request's phases, each step's parts. */
export class EngineTrace {
  readonly #sink: TraceSink;
  readonly #now: () => number;
  readonly #requests = new Map<Sequence, { readonly id: number; phase: Phase | undefined }>();
  #lastId = 0;

  constructor(sink: TraceSink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
  }

  /** A request was accepted and waits for its slot. */
  begin(sequence: Sequence): void {
    const id = (this.#lastId += 1);
    this.#requests.set(sequence, { id, phase: undefined });
    this.#edge('begin', 'request', id, { promptTokens: sequence.promptLength });
    this.#enter(sequence, 'queued');
  }

  /** A request has a slot, or has moved on in it. */
  follow(sequence: Sequence): void {
    if (sequence.finished) this.#enter(sequence, undefined);
    else this.#enter(sequence, sequence.completionTokens > 0 ? 'writing' : 'reading');
  }

  /** A request's reader has all of it, or has gone. */
  end(sequence: Sequence): void {
    const request = this.#requests.get(sequence);
    if (!request) return;
    this.#enter(sequence, undefined);
    this.#requests.delete(sequence);
    const { cachedTokens, completionTokens } = sequence;
    this.#edge('end', 'request', request.id, { cachedTokens, completionTokens });
  }

  /** A step ended just now. `computedAt` is `undefined` when its pass failed. */
  step(items: readonly StepItem[], startedAt: number, computedAt: number | undefined, acceptedTokens: number): void {
    const endedAt = this.#now();
    this.#slice('step', startedAt, endedAt, {
      sequences: items.length,
      ...countTokens(items),
      acceptedTokens,
    });
    this.#slice('forward', startedAt, computedAt ?? endedAt);
    if (computedAt !== undefined) this.#slice('advance', computedAt, endedAt);
  }

  #enter(sequence: Sequence, phase: Phase | undefined): void {
    const request = this.#requests.get(sequence);
    if (!request || request.phase === phase) return;
    if (request.phase) this.#edge('end', request.phase, request.id);
    request.phase = phase;
    if (phase) this.#edge('begin', phase, request.id);
  }

  #edge(type: 'begin' | 'end', name: string, id: number, counts?: TraceEvent['counts']): void {
    this.#sink.event({ type, category: 'request', name, atMs: this.#now(), id, counts });
  }

  #slice(name: string, atMs: number, endMs: number, counts?: TraceEvent['counts']): void {
    this.#sink.event({ type: 'slice', category: 'step', name, atMs, durationMs: endMs - atMs, counts });
  }
}
