import type { ModelShape } from './model-shape.js';

/**
 * Cosine or sine of each position's angles, `[contextLength, rotarySize / 2]`: position ÷ scale × base^(-2i/rotarySize).
 * `divisors` slow single frequencies down, as Llama 3.1's `rope_freqs.weight` does.
 */
export function rotaryTable(shape: ModelShape, of: (angle: number) => number, divisors?: Float32Array): Float32Array {
  const half = shape.rotarySize / 2;
  const table = new Float32Array(shape.contextLength * half);
  for (let i = 0; i < half; i++) {
    const frequency = shape.rotaryBase ** ((-2 * i) / shape.rotarySize) / shape.rotaryScale / (divisors?.[i] ?? 1);
    for (let position = 0; position < shape.contextLength; position++)
      table[position * half + i] = of(position * frequency);
  }
  return table;
}
