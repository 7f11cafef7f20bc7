import { median, medianInterval, summarize } from '../statistics.mjs';

/**
 * A figure of one of our engines that isn't compared with anything: the median of its measurements against a bound.
 */
export function measured({ id, group, title, unit, target, engine = 'onnx', values, value = median(values), ...more }) {
  const reached = target && (target.most === undefined ? value >= target.least : value <= target.most);
  const engines = { [engine]: { value } };
  return { id, group, title, unit, target, engines, reached, measurements: summarize(values), values, ...more };
}

/** A figure of each of our engines, without a bound: the medians. */
export function measuredByEngine({ values, ...row }) {
  const engines = Object.fromEntries(Object.entries(values).map(([engine, list]) => [engine, { value: median(list) }]));
  return { ...row, engines, values };
}

/** A figure that compares two ways of one of our engines, pair by pair: the median of first ÷ second. */
export function compared({ id, group, title, unit, target, engine = 'onnx', pairs, ...more }) {
  const ratios = pairs.map(([first, second]) => first / second);
  const ratio = median(ratios);
  const reached = target.most === undefined ? ratio >= target.least : ratio <= target.most;
  return {
    id,
    group,
    title,
    unit,
    target: { ...target, of: 'ratio' },
    engines: { [engine]: { value: median(pairs.map(([first]) => first)) } },
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
