import type { LogitsProcessor } from '../token-history.js';

/**
 * Makes every token that was seen before, in the prompt or in the answer, less likely: positive logits are
 * divided by the penalty, negative ones multiplied (Keskar et al. 2019, https://arxiv.org/abs/1909.05858).
 */
export function createRepetitionPenalty(penalty: number): LogitsProcessor {
  const seen = new Set<number>();
  let counted = 0;
  return (logits, { tokens }) => {
    for (; counted < tokens.length; counted += 1) seen.add(tokens[counted] ?? 0);
    for (const token of seen) {
      const logit = logits[token];
      if (logit !== undefined) logits[token] = logit > 0 ? logit / penalty : logit * penalty;
    }
  };
}
