/** Steps of the table for one e-folding, and how many e-foldings it covers. */
const steps = 128;
const depth = 40;
const end = steps * depth;
const table = Float64Array.from({ length: end + 1 }, (_, step) => (step < end ? Math.exp(-step / steps) : 0));

/**
 * e^x for x ≤ 0, several times faster than `Math.exp`: the next larger entry of a table, times four terms of the
 * Taylor series of the rest r < 1/128. Relative error below r⁴/24 < 2e-10; 1 for 0; 0 below -40 and for NaN. Without a
 * branch, because the numbers of a vocabulary come in no order that a processor could guess.
 */
export function exponential(x: number): number {
  const place = -x * steps;
  const within = place < end ? place : end;
  const step = within | 0;
  const rest = (within - step) * (1 / steps);
  return (table[step] as number) * (1 - rest * (1 - rest * (0.5 - rest * (1 / 6))));
}
