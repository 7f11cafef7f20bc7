import { median, medianInterval, summarize } from '../statistics.mjs';

/** A figure that has nothing to do with llama.cpp: the median of its measurements against a bound. */
export function measured({ id, group, title, unit, target, values, value = median(values), ...more }) {
  const reached = target && (target.most === undefined ? value >= target.least : value <= target.most);
  return { id, group, title, unit, target, ours: value, reached, measurements: summarize(values), values, ...more };
}

/** A figure that compares two of our own ways, pair by pair: the median of first ÷ second. */
export function compared({ id, group, title, unit, target, pairs, ...more }) {
  const ratios = pairs.map(([first, second]) => first / second);
  const ratio = median(ratios);
  const reached = target.most === undefined ? ratio >= target.least : ratio <= target.most;
  return {
    id,
    group,
    title,
    unit,
    target: { ...target, of: 'ratio' },
    ours: median(pairs.map(([first]) => first)),
    ratio,
    interval: medianInterval(ratios),
    reached,
    pairs: pairs.length,
    rounds: pairs,
    ...more,
  };
}

/** A figure that can't be measured here, and why. */
export function unavailable({ id, group, title, unit, target }, reason) {
  return { id, group, title, unit, target, unavailable: reason };
}
