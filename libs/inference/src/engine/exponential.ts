/** Steps of the table for one e-folding, and how many e-foldings it covers. */
const steps = 128;
const depth = 40;
const { exp } = Math;
const table = Float64Array.from({ length: steps * depth + 1 }, (_, step) => exp(-step / steps));

/**
 * e^x for x ≤ 0, several times faster than `Math.exp`: the next larger entry of a table, times four terms of the
 * Taylor series of the rest r < 1/128. Relative error below r⁴/24 < 2e-10; 1 for 0.
 */
export function exponential(x: number): number {
  const step = (-x * steps) | 0;
  if (step >= steps * depth || x < -depth) return exp(x);
  const rest = x + step / steps;
  return (table[step] as number) * (1 + rest * (1 + rest * (0.5 + rest / 6)));
}
