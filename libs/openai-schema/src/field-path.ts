const PLAIN = /^[\w$-]{1,64}$/;
const MAX_LENGTH = 256;

/**
 * A path as OpenAI writes it: `messages[0].role`.
 *
 * It ends before the first key that isn't plain, since keys come from callers and paths end in headers
 * and logs. Empty when there is nothing to name.
 */
export function fieldPath(path: readonly PropertyKey[]): string {
  let written = '';
  for (const key of path) {
    if (typeof key !== 'number' && !PLAIN.test(String(key))) break;
    const next = typeof key === 'number' ? `[${key}]` : written === '' ? String(key) : `.${String(key)}`;
    if (written.length + next.length > MAX_LENGTH) break;
    written += next;
  }
  return written;
}
