import type { ModelShape } from './model-shape.js';

/**
 * Cosine or sine of the angles of `count` positions from `first` on, `[count, rotarySize / 2]`: position ÷ scale ×
 * base^(-2i/rotarySize). `divisors` slow single frequencies down, as Llama 3.1's `rope_freqs.weight` does.
 */
export function rotaryTable(
  shape: ModelShape,
  of: (angle: number) => number,
  divisors: Float32Array | undefined,
  first: number,
  count: number,
): Float32Array {
  const half = shape.rotarySize / 2;
  const table = new Float32Array(count * half);
  for (let i = 0; i < half; i++) {
    const frequency = shape.rotaryBase ** ((-2 * i) / shape.rotarySize) / shape.rotaryScale / (divisors?.[i] ?? 1);
    for (let row = 0; row < count; row++) table[row * half + i] = of((first + row) * frequency);
  }
  return table;
}
