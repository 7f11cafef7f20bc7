import fc from 'fast-check';
import { StartClock } from './start-clock.js';

describe('StartClock', () => {
  it('says 10 s where nothing is known, however much has passed', () => {
    const clock = new StartClock();
    expect(clock.secondsLeft(0)).toBe(10);
    clock.start(0);
    expect([0, 5_000, 60_000].map((now) => clock.secondsLeft(now))).toEqual([10, 10, 10]);
  });

  it('says what the last load took, less what has passed, and at least 1 s', () => {
    const clock = new StartClock(4_200);
    clock.start(1_000);
    expect([1_000, 1_200, 4_000, 5_199, 5_200, 90_000].map((now) => clock.secondsLeft(now))).toEqual([
      5, 4, 2, 1, 1, 1,
    ]);
  });

  it('learns from each load, and counts the time before a restart', () => {
    const clock = new StartClock();
    clock.start(0);
    expect(clock.ready(3_000)).toBe(3_000);
    expect(clock.secondsLeft(50_000)).toBe(3); // it has died and nobody has noticed yet
    clock.start(62_000);
    expect([60_000, 62_000, 64_000].map((now) => clock.secondsLeft(now))).toEqual([5, 3, 1]);
  });

  it('follows the estimate of a first build, which is no part of the load', () => {
    const clock = new StartClock();
    clock.start(0);
    clock.prepare(500);
    expect(clock.secondsLeft(600)).toBe(10);
    clock.prepare(2_000, 20_000);
    expect([2_000, 10_000].map((now) => clock.secondsLeft(now))).toEqual([20, 12]);
    clock.prepare(12_000);
    expect(clock.secondsLeft(12_000)).toBe(10);
    clock.prepare(20_500, 0);
    expect(clock.secondsLeft(20_600)).toBe(1);
    expect(clock.ready(21_500)).toBe(1_500);
    clock.start(30_000);
    expect(clock.secondsLeft(30_000)).toBe(2);
  });

  it('adds the load that follows to a build that comes again', () => {
    const clock = new StartClock(2_000);
    clock.start(0);
    clock.prepare(100);
    expect(clock.secondsLeft(200)).toBe(10);
    clock.prepare(1_000, 3_000);
    expect(clock.secondsLeft(1_000)).toBe(5);
  });

  it('forgets the build of a process that died in it', () => {
    const clock = new StartClock();
    clock.start(0);
    clock.prepare(1_000, 90_000);
    clock.start(5_000);
    expect(clock.secondsLeft(5_000)).toBe(10);
  });

  it('always says a whole number from 1 on', () => {
    const time = fc.nat(1e9);
    fc.assert(
      fc.property(fc.option(time, { nil: undefined }), fc.array(fc.tuple(time, time)), time, (loadMs, events, now) => {
        const clock = new StartClock(loadMs);
        for (const [at, left] of events) {
          if (left % 3 === 0) clock.start(at);
          else if (left % 3 === 1) clock.prepare(at, left);
          else expect(clock.ready(at)).toBeGreaterThanOrEqual(0);
          expect(Number.isInteger(clock.secondsLeft(now)) && clock.secondsLeft(now) >= 1).toBe(true);
        }
      }),
    );
  });
});
