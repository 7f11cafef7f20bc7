import type { LogitsProcessor } from '../token-history.js';

/** Adds a number to the logits of some tokens. -100 or less bans a token for good. */
export function createLogitBias(bias: Readonly<Record<number, number>>): LogitsProcessor {
  const entries = Object.entries(bias).map(([token, amount]) => ({
    token: Number(token),
    amount: amount <= -100 ? -Infinity : amount,
  }));
  return (logits) => {
    for (const { token, amount } of entries) {
      const logit = logits[token];
      if (logit !== undefined) logits[token] = logit + amount;
    }
  };
}
