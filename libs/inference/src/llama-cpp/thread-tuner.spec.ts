import { ThreadTuner } from './thread-tuner.js';

/** Lets passes of `rows` be computed on a machine where a pass costs `cost(threads)`; returns what was chosen. */
function compute(tuner: ThreadTuner, passes: number, cost: (threads: number) => number, rows = 1): number[] {
  return Array.from({ length: passes }, () => {
    const threads = tuner.choose(rows);
    tuner.record(rows, cost(threads) * rows);
    return threads;
  });
}

const share = (chosen: readonly number[], threads: number): number =>
  chosen.filter((other) => other === threads).length / chosen.length;

describe('ThreadTuner', () => {
  it('begins with all threads, and stays where they are fastest', () => {
    const chosen = compute(new ThreadTuner(8), 1000, (threads) => 8 / threads + 0.1);
    expect(chosen[0]).toBe(8);
    expect(share(chosen, 8)).toBeGreaterThan(0.95);
  });

  it('takes fewer where they are faster', () => {
    const tuner = new ThreadTuner(2);
    compute(tuner, 20, (threads) => (threads === 2 ? 10 : 6));
    expect(
      share(
        compute(tuner, 500, (threads) => (threads === 2 ? 10 : 6)),
        1,
      ),
    ).toBeGreaterThan(0.95);
  });

  it('finds the middle one', () => {
    const cost = (threads: number) => ({ 16: 5, 8: 3, 1: 9 })[threads] ?? NaN;
    const tuner = new ThreadTuner(16);
    compute(tuner, 60, cost);
    expect(share(compute(tuner, 500, cost), 8)).toBeGreaterThan(0.9);
  });

  it('follows a machine that gets busy, and comes back when it is free again', () => {
    const tuner = new ThreadTuner(2);
    const free = (threads: number) => 10 / threads;
    const busy = (threads: number) => (threads === 2 ? 40 : 12);
    compute(tuner, 2000, free);
    expect(share(compute(tuner, 100, busy), 1)).toBeGreaterThan(0.8);
    compute(tuner, 1500, free);
    expect(share(compute(tuner, 500, free), 2)).toBeGreaterThan(0.9);
  });

  it('tells writing one token from reading many', () => {
    const tuner = new ThreadTuner(2);
    const cost = (threads: number) => (threads === 2 ? 10 : 6);
    for (let i = 0; i < 60; i++) {
      compute(tuner, 1, cost, 1);
      compute(tuner, 1, (threads) => 10 / threads, 256);
    }
    expect(share(compute(tuner, 50, cost, 1), 1)).toBeGreaterThan(0.9);
    expect(
      share(
        compute(tuner, 50, (threads) => 10 / threads, 256),
        2,
      ),
    ).toBeGreaterThan(0.9);
  });

  it('has nothing to choose with one thread', () => {
    expect(new Set(compute(new ThreadTuner(1), 100, () => 1))).toEqual(new Set([1]));
  });
});
