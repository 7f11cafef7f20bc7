/**
 * Where a ranking is cut: by weight, the lower index first among equals. Everything up to and including the cutoff
 * is kept.
 */
export interface Cutoff {
  readonly weight: number;
  readonly index: number;
}

/**
 * The first rank at which the running total reaches `target`. Takes expected linear time: it partitions instead of
 * sorting. `candidates` are indexes into `weights` and get reordered.
 *
 * `measure` is what each adds to the total: 1 for "the k heaviest", its weight for "until they add up to p".
 * `undefined` when all candidates together stay below the target: nothing is cut.
 */
export function findCutoff(
  weights: Float32Array | Float64Array,
  candidates: Int32Array,
  target: number,
  measure: 'count' | 'weight',
): Cutoff | undefined {
  let from = 0;
  let to = candidates.length;
  let reached = 0;
  let found: Cutoff | undefined;
  while (from < to) {
    const pivot = choosePivot(weights, candidates, from, to);
    const limit = weights[pivot] as number;
    let end = from;
    let total = 0;
    let position = from;
    for (let at = from; at < to; at += 1) {
      const index = candidates[at] as number;
      const weight = weights[index] as number;
      if (weight < limit || (weight === limit && index > pivot)) continue;
      if (index === pivot) position = end;
      total += measure === 'count' ? 1 : weight;
      candidates[at] = candidates[end] as number;
      candidates[end] = index;
      end += 1;
    }
    if (reached + total >= target) {
      // The pivot is decided: it goes to the end of its part, out of the next round.
      found = { weight: limit, index: pivot };
      candidates[position] = candidates[end - 1] as number;
      candidates[end - 1] = pivot;
      to = end - 1;
    } else {
      reached += total;
      from = end;
    }
  }
  return found;
}

/** The middle one of three, taken from all over the place: partitioning leaves patterns that fixed places fall for. */
function choosePivot(weights: Float32Array | Float64Array, candidates: Int32Array, from: number, to: number): number {
  const at = (salt: number): number => {
    const hash = Math.imul(Math.imul(from ^ salt, 0x9e3779b1) ^ to, 0x85ebca6b);
    return candidates[from + (((hash ^ (hash >>> 15)) >>> 0) % (to - from))] as number;
  };
  const ahead = (one: number, other: number): boolean => {
    const difference = (weights[one] as number) - (weights[other] as number);
    return difference > 0 || (difference === 0 && one <= other);
  };
  const [first, second, third] = [at(0x1b873593), at(0x2545f491), at(0x6a09e667)];
  const [high, low] = ahead(first, second) ? [first, second] : [second, first];
  if (ahead(third, high)) return high;
  return ahead(third, low) ? third : low;
}
