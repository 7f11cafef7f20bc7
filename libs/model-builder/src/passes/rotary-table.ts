/** What a table of rotary positions is made of. */
export interface RotaryTable {
  readonly of: 'cos' | 'sin';
  /** Positions. */
  readonly rows: number;
  /** Numbers of a head that are rotated; a row has half as many. */
  readonly rotarySize: number;
  readonly base: number;
  /** Positions are divided by this. */
  readonly scale: number;
  /** Slow single frequencies down, as Llama 3.1's `rope_freqs.weight` does, `[rotarySize / 2]`. @default none */
  readonly divisors?: Float32Array | undefined;
}

/**
 * Cosine or sine of the angles of `count` positions from `first` on, `[count, rotarySize / 2]`: position ÷ scale ×
 * base^(-2i/rotarySize).
 */
export function rotaryRowsOf(
  { of, rotarySize, base, scale, divisors }: RotaryTable,
  first: number,
  count: number,
): Float32Array {
  const half = rotarySize / 2;
  const values = new Float32Array(count * half);
  const compute = Math[of];
  for (let i = 0; i < half; i++) {
    const frequency = base ** ((-2 * i) / rotarySize) / scale / (divisors?.[i] ?? 1);
    for (let row = 0; row < count; row++) values[row * half + i] = compute((first + row) * frequency);
  }
  return values;
}
