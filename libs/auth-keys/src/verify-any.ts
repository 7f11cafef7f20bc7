import type { KeyRefusal, KeyVerdict, KeyVerifier } from './key-verdict.js';

/** From the least to the most telling. */
const REFUSALS = [
  'missing',
  'unknown',
  'malformed',
  'wrong_pepper',
  'damaged',
  'expired',
  'revoked',
] as const satisfies readonly KeyRefusal[];

/**
 * Several verifiers as one: static keys beside stored ones.
 *
 * Every verifier is asked every time. The first in the list to accept decides, even when another failed;
 * when none accepts and one failed, its error is thrown; else the most telling refusal is the verdict.
 */
export function verifyAny(verifiers: readonly KeyVerifier[]): KeyVerifier {
  return {
    async verify(credential): Promise<KeyVerdict> {
      const outcomes = await Promise.allSettled(verifiers.map(async (verifier) => verifier.verify(credential)));
      let reason: KeyRefusal = credential === undefined || credential === '' ? 'missing' : 'unknown';
      let failure: PromiseRejectedResult | undefined;
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') failure ??= outcome;
        else if (outcome.value.ok) return outcome.value;
        else if (REFUSALS.indexOf(outcome.value.reason) > REFUSALS.indexOf(reason)) reason = outcome.value.reason;
      }
      if (failure !== undefined) throw failure.reason;
      return { ok: false, reason };
    },
  };
}
