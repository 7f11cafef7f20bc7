import { median, quantile } from '../statistics.mjs';

/** Rounds that are thrown away: the compiler is still learning. */
const warmUp = 20;

/**
 * Microseconds that `work` takes, alone on this thread.
 *
 * @param {string} name
 * @param {() => unknown} work
 * @param {{ rounds?: number, per?: number, prepare?: () => void }} options `per`: pieces of work in a call, to divide by
 */
export function timeOf(name, work, { rounds = 200, per = 1, prepare = () => undefined } = {}) {
  const times = [];
  for (let round = -Math.min(warmUp, rounds); round < rounds; round++) {
    prepare();
    const started = performance.now();
    work();
    if (round >= 0) times.push((1000 * (performance.now() - started)) / per);
  }
  return toResult(name, times);
}

export function toResult(name, times) {
  return {
    name,
    unit: 'µs',
    median: median(times),
    quarter: quantile(times, 0.25),
    threeQuarters: quantile(times, 0.75),
    p99: quantile(times, 0.99),
    rounds: times.length,
  };
}
