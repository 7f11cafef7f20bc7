import type { FinishReason, GenerateRequest, InferenceBackend, Usage } from './contract.js';

/** How one generation went. */
export interface GenerationReport {
  readonly request: GenerateRequest;
  /** `cancelled`: the reader left, or the signal was aborted. */
  readonly outcome: 'ended' | 'failed' | 'cancelled';
  /** Only when it ended. */
  readonly reason?: FinishReason | undefined;
  /**
   * What it used. Where it didn't end, a lower bound: the prompt, and a token for each piece of text.
   * `undefined` when it never started.
   */
  readonly usage?: Usage | undefined;
  /** Only when it failed. */
  readonly error?: unknown;
  /** Milliseconds from the call to the end. */
  readonly durationMs: number;
  /** Milliseconds from the call to the first text. `undefined` when there was none. */
  readonly firstTextMs?: number | undefined;
}

/**
 * The same backend, with a report for every generation. The report comes before the reader gets the `end` event, so
 * what it counts is settled when an answer is complete. `onGeneration` must not throw.
 */
export function observeUsage(
  backend: InferenceBackend,
  onGeneration: (report: GenerationReport) => void,
): InferenceBackend {
  return {
    models: () => backend.models(),
    close: () => backend.close(),

    async *generate(request) {
      const startedAt = performance.now();
      let firstTextMs: number | undefined;
      let usage: Usage | undefined;
      let isReported = false;
      const report = (outcome: GenerationReport['outcome'], more: Partial<GenerationReport> = {}): void => {
        if (isReported) return;
        isReported = true;
        onGeneration({ request, outcome, usage, durationMs: performance.now() - startedAt, firstTextMs, ...more });
      };

      try {
        for await (const event of backend.generate(request)) {
          if (event.type === 'start') {
            usage = { promptTokens: event.promptTokens, completionTokens: 0, cachedTokens: 0 };
          } else if (event.type === 'text-delta') {
            firstTextMs ??= performance.now() - startedAt;
            if (usage) usage = { ...usage, completionTokens: usage.completionTokens + 1 };
          } else {
            report('ended', { reason: event.reason, usage: event.usage });
          }
          yield event;
        }
      } catch (error) {
        if (request.signal?.aborted) report('cancelled');
        else report('failed', { error });
        throw error;
      } finally {
        report('cancelled');
      }
    },
  };
}
