/** The middle value; the mean of the two middle ones when there is an even number. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The smallest value that at least `share` of the values don't exceed. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/**
 * An interval that holds the true median with at least the wanted confidence, whatever the distribution: the k-th
 * smallest to the k-th largest value. Six values are needed for 95 %; with fewer it is the whole range, and
 * `confidence` says what that is worth.
 *
 * @param {readonly number[]} values independent measurements
 * @returns {{ low: number, high: number, confidence: number }}
 */
export function medianInterval(values, wanted = 0.95) {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) return { low: NaN, high: NaN, confidence: 0 };
  let outside = 2 * 0.5 ** count;
  let chosen = 1;
  let confidence = Math.max(0, 1 - outside);
  let ways = 1;
  for (let k = 2; k <= count >> 1; k++) {
    ways = (ways * (count - k + 2)) / (k - 1);
    outside += 2 * ways * 0.5 ** count;
    if (1 - outside < wanted) break;
    chosen = k;
    confidence = 1 - outside;
  }
  return { low: sorted[chosen - 1], high: sorted[count - chosen], confidence };
}

/** Median with the range that holds the middle half. */
export function summarize(values) {
  return {
    median: median(values),
    quarter: quantile(values, 0.25),
    threeQuarters: quantile(values, 0.75),
    least: Math.min(...values),
    most: Math.max(...values),
    count: values.length,
  };
}
