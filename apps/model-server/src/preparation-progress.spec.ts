import { preparationProgress } from './preparation-progress.js';
import type { Progress } from './start-engines.js';

describe('preparationProgress', () => {
  it('counts from 0 to 1 over all phases, and tells the time left once it can', () => {
    const told: Progress[] = [];
    let clock = 0;
    const progress = preparationProgress(
      'tiny',
      (step) => told.push(step),
      () => clock,
    );
    const steps = ['read', 'weights', 'calibrate', 'finish'].flatMap((step) =>
      [0, 0.5, 1].map((fraction) => ({ step, fraction })),
    );
    for (const step of steps) {
      progress(step);
      clock += 1_000;
    }

    const fractions = told.map(({ fraction }) => fraction ?? NaN);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect([fractions[0], fractions.at(-1)]).toEqual([0, expect.closeTo(1)]);
    expect(told[0]?.secondsLeft).toBeUndefined();
    expect(told[4]).toMatchObject({
      phase: expect.stringMatching(/^Preparing tiny: /) as unknown,
      secondsLeft: expect.closeTo(2.8, 1) as unknown,
    });
    expect(told.at(-1)?.secondsLeft).toBeCloseTo(0);
  });

  it('believes the phase that goes on more than those before, so that the last long one ends when it says', () => {
    const told: Progress[] = [];
    let clock = 0;
    const progress = preparationProgress(
      'tiny',
      (step) => told.push(step),
      () => clock,
    );
    progress({ step: 'read', fraction: 1 });
    progress({ step: 'weights', fraction: 0 });
    clock += 5_000;
    progress({ step: 'weights', fraction: 1 });
    progress({ step: 'calibrate', fraction: 0 });
    clock += 30_000;
    progress({ step: 'calibrate', fraction: 0.5 });

    expect(told.at(-1)?.secondsLeft).toBeCloseTo(32.8, 1);
  });

  it('tells a step that it does not know by its name', () => {
    const told: Progress[] = [];
    preparationProgress('tiny', (step) => told.push(step))({ step: 'fetch' });
    expect(told).toEqual([{ phase: 'Preparing tiny: fetch', fraction: 0, secondsLeft: undefined }]);
  });
});
