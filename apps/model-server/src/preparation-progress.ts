import type { ResolveProgress } from '@mcli/inference';
import type { Progress } from './start-engines.js';

/** The builder's phases in words for a person, with the share of the time that each takes. */
const steps: Readonly<Record<string, { readonly words: string; readonly share: number }>> = {
  read: { words: 'reading the file', share: 0.05 },
  weights: { words: 'converting the weights (the first time only)', share: 0.5 },
  calibrate: { words: 'measuring its cache (the first time only)', share: 0.43 },
  finish: { words: 'saving', share: 0.02 },
};

/** Sooner, and with less done, the time left would be a guess. */
const firstEstimateMs = 1_000;
const firstEstimateFraction = 0.05;

/**
 * Turns the phases of a build into one count from 0 to 1 with the time that is left: what the current phase took so far
 * tells how long it will take, and the shares how long the later ones will.
 *
 * @param now milliseconds; another clock for tests
 */
export function preparationProgress(
  model: string,
  report: (progress: Progress) => void,
  now: () => number = () => performance.now(),
): (progress: ResolveProgress) => void {
  const started = now();
  let current = { step: '', started };
  return ({ step, fraction = 0 }) => {
    if (step !== current.step) current = { step, started: now() };
    const names = Object.keys(steps);
    const before = names
      .slice(0, Math.max(0, names.indexOf(step)))
      .reduce((sum, name) => sum + (steps[name]?.share ?? 0), 0);
    const share = steps[step]?.share ?? 0;
    const done = Math.min(1, before + share * fraction);
    const elapsed = now() - started;
    const known = elapsed >= firstEstimateMs && done >= firstEstimateFraction;
    // A phase that has just begun is too short to tell: all that came before does.
    const [took, part] =
      fraction >= firstEstimateFraction ? [now() - current.started, share * fraction] : [elapsed, done];
    report({
      phase: `Preparing ${model}: ${steps[step]?.words ?? step}`,
      fraction: done,
      secondsLeft: known ? (took * (1 - done)) / part / 1_000 : undefined,
    });
  };
}
