import { createHash, timingSafeEqual } from 'node:crypto';
import { isCredential } from './credential.js';
import { hasKeyPrefix } from './key-format.js';
import type { KeyVerdict, KeyVerifier } from './key-verdict.js';
import { INFERENCE_SCOPES } from './scopes.js';

/**
 * Keys that are given at start and never stored, each with every inference scope and all models.
 *
 * Callers get the ids `static-1`, `static-2`, … in the order of the list; repetitions count once. Every
 * check compares with every key, so its time tells nothing of which one was close.
 *
 * @param keys 1 to 200 printable ASCII characters each, no space at either end
 * @throws TypeError a key is not of that form, or starts with `mcli_` or `mclia_`: those are stored keys
 */
export function createStaticKeys(keys: readonly string[]): KeyVerifier {
  const entries = [...new Set(keys)].map((key, index) => {
    if (!isCredential(key)) {
      throw new TypeError(`Static key ${index + 1} is not 1 to 200 printable ASCII characters without spaces around.`);
    }
    if (hasKeyPrefix(key)) {
      throw new TypeError(
        `Static key ${index + 1} looks like a stored key; a static key can't start with 'mcli_' or 'mclia_'.`,
      );
    }
    return { id: `static-${index + 1}`, digest: sha256(key) };
  });

  return {
    async verify(credential): Promise<KeyVerdict> {
      if (credential === undefined || credential === '') return { ok: false, reason: 'missing' };
      if (!isCredential(credential)) return { ok: false, reason: 'malformed' };
      const digest = sha256(credential);
      const [match] = entries.filter((entry) => timingSafeEqual(entry.digest, digest));
      if (match === undefined) return { ok: false, reason: 'unknown' };
      const caller = { id: match.id, rootId: match.id, scopes: INFERENCE_SCOPES, models: null };
      return { ok: true, caller, record: null };
    },
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
