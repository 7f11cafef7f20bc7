/**
 * A text that a function writes into memory that it is given.
 *
 * @param write takes memory and its bytes, and answers how long the whole text is, without the zero byte at its end
 */
export function readText(write: (out: Uint8Array, size: number) => number): string {
  const first = Buffer.alloc(256);
  const length = write(first, first.length);
  if (length < first.length) return first.toString('utf8', 0, Math.max(0, length));
  const whole = Buffer.alloc(length + 1);
  return whole.toString('utf8', 0, write(whole, whole.length));
}
