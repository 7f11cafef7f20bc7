/**
 * Where a ranking is cut: tokens rank by weight, the lower index first among equals. Everything up to and
 * including the cutoff is kept.
 */
export interface Cutoff {
  readonly weight: number;
  readonly index: number;
}

/** Whether token `index` of this weight ranks at or before the cutoff. */
export function isKept(weight: number, index: number, cutoff: Cutoff): boolean {
  return weight > cutoff.weight || (weight === cutoff.weight && index <= cutoff.index);
}

/**
 * The first rank at which the running total reaches `target`. Takes expected linear time: it partitions instead
 * of sorting. `candidates` are indexes into `weights` and get reordered.
 *
 * `measure` is what a token adds to the total: 1 for "the k likeliest", its weight for "until they add up to p".
 * `undefined` when all candidates together stay below the target: nothing is cut.
 */
export function findCutoff(
  weights: Float64Array,
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
    let end = from;
    let total = 0;
    for (let at = from; at < to; at += 1) {
      const index = candidates[at] as number;
      const weight = weights[index] as number;
      if (!isKept(weight, index, pivot)) continue;
      total += measure === 'count' ? 1 : weight;
      candidates[at] = candidates[end] as number;
      candidates[end] = index;
      end += 1;
    }
    if (reached + total >= target) {
      found = pivot;
      to = end - 1;
      moveLast(candidates, from, end, pivot.index);
    } else {
      reached += total;
      from = end;
    }
  }
  return found;
}

/** The middle one of three, so that sorted input costs no more than other input. */
function choosePivot(weights: Float64Array, candidates: Int32Array, from: number, to: number): Cutoff {
  const at = (position: number): Cutoff => {
    const index = candidates[position] as number;
    return { index, weight: weights[index] as number };
  };
  const ahead = (one: Cutoff, other: Cutoff): boolean => isKept(one.weight, one.index, other);
  const [first, middle, last] = [at(from), at((from + to) >>> 1), at(to - 1)];
  const [high, low] = ahead(first, middle) ? [first, middle] : [middle, first];
  if (ahead(last, high)) return high;
  return ahead(last, low) ? last : low;
}

/** The pivot is decided: it goes to the end of its part, out of the next round. */
function moveLast(candidates: Int32Array, from: number, end: number, index: number): void {
  const position = candidates.subarray(from, end).indexOf(index) + from;
  candidates[position] = candidates[end - 1] as number;
  candidates[end - 1] = index;
}
