import type { LogitsProcessor } from '../token-history.js';

/**
 * Makes tokens that the model wrote itself less likely: by `frequency` for every time, and by `presence` once.
 * The prompt doesn't count.
 */
export function createFrequencyPresencePenalty(frequency: number, presence: number): LogitsProcessor {
  const counts = new Map<number, number>();
  let counted = 0;
  return (logits, { tokens, promptLength }) => {
    for (counted = Math.max(counted, promptLength); counted < tokens.length; counted += 1) {
      const token = tokens[counted] ?? 0;
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    for (const [token, count] of counts) {
      const logit = logits[token];
      if (logit !== undefined) logits[token] = logit - frequency * count - presence;
    }
  };
}
