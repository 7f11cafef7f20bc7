/** Takes what an engine does, moment by moment, to be looked at later. `createTraceFile` makes one. */
export interface TraceSink {
  /** Called several times a step: must neither throw nor take long. */
  event(event: TraceEvent): void;
}

/** Something that happened. Holds counts and names, never text, tokens or keys. */
export interface TraceEvent {
  /**
   * `slice`: something with a beginning and a duration; slices of a category lie beside or within each other.
   * `begin`, `end`: the two ends of a span that others may overlap. Spans of one `id` lie within each other.
   */
  readonly type: 'slice' | 'begin' | 'end';
  /**
   * `request`: spans, `request` around `queued`, `reading` and `writing`. `step`: slices, `step` around `forward` (the
   * runner computes) and `advance` (tokens are chosen). `operator`: slices within `forward`, of what a runner's passes
   * consist of, from runners that know; they come late.
   */
  readonly category: 'request' | 'step' | 'operator';
  readonly name: string;
  /** Of an operator: its node in the graph. @default none */
  readonly node?: string | undefined;
  /** By the engine's clock, see `EngineOptions.now`; of a slice, its beginning. Milliseconds. */
  readonly atMs: number;
  /** Of a slice. Milliseconds. */
  readonly durationMs?: number | undefined;
  /** Of a span. The same for all spans of a request. */
  readonly id?: number | undefined;
  /** @default none */
  readonly counts?: Readonly<Record<string, number>> | undefined;
}
