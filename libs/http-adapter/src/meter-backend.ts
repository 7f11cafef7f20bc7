import type { InferenceBackend, Usage } from '@mcli/inference';

/** Counts what the generations of one request cost. */
export interface Meter {
  readonly backend: InferenceBackend;
  /** All answers together, the prompt once. `undefined` before the first start. */
  readonly usage: Usage | undefined;
}

/**
 * A backend that is another one, metered. An unfinished generation counts one token for each piece of text,
 * which is at most what it wrote.
 */
export function meterBackend(backend: InferenceBackend, onFirstText: () => void): Meter {
  let usage: Usage | undefined;
  let hasText = false;

  const add = (tokens: number): void => {
    if (usage !== undefined) usage = { ...usage, completionTokens: usage.completionTokens + tokens };
  };

  return {
    get usage() {
      return usage;
    },
    backend: {
      models: () => backend.models(),
      close: () => backend.close(),
      async *generate(request) {
        let pieces = 0;
        for await (const event of backend.generate(request)) {
          if (event.type === 'start') {
            usage ??= { promptTokens: event.promptTokens, completionTokens: 0, cachedTokens: 0 };
          } else if (event.type === 'text-delta') {
            if (!hasText) onFirstText();
            hasText = true;
            pieces += 1;
            add(1);
          } else {
            const { promptTokens, completionTokens, cachedTokens } = event.usage;
            add(completionTokens - pieces);
            if (usage !== undefined)
              usage = { ...usage, promptTokens, cachedTokens: Math.max(usage.cachedTokens, cachedTokens) };
          }
          yield event;
        }
      },
    },
  };
}
