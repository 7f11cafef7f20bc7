import { progressLine } from './progress-line.js';

it.each([
  [{ phase: 'Loading' }, 'Loading …'],
  [{ phase: 'Preparing', fraction: 0 }, 'Preparing … 0 %'],
  [{ phase: 'Preparing', fraction: 0.439, secondsLeft: 6.4 }, 'Preparing … 43 %, about 6 s left'],
  [{ phase: 'Preparing', fraction: 0.999, secondsLeft: 0.1 }, 'Preparing … 99 %, about 1 s left'],
  [{ phase: 'Preparing', fraction: 0.1, secondsLeft: 200 }, 'Preparing … 10 %, about 3 min left'],
])('tells %j as much as is known', (progress, line) => {
  expect(progressLine(progress)).toBe(line);
});
