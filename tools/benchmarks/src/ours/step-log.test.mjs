import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StepLog } from './step-log.mjs';

/** Steps of 10 ms with 1 ms between them. */
function logOf(...steps) {
  const log = new StepLog();
  for (const [at, [readTokens, writeRows]] of steps.entries()) {
    log.event({
      type: 'slice',
      category: 'step',
      name: 'step',
      atMs: 11 * at,
      durationMs: 10,
      counts: { readTokens, writeRows },
    });
    log.event({ type: 'slice', category: 'step', name: 'forward', atMs: 11 * at, durationMs: 9 });
  }
  return log;
}

test('steps in which everybody writes are counted from the first to the last, with what lies between', () => {
  const log = logOf([256, 0], [128, 1], [0, 2], [0, 2], [0, 2], [0, 1]);
  assert.equal(log.writing(2, 3), 32);
  assert.equal(log.writing(2, 2), 21);
});

test('a step in which somebody reads begins the count anew', () => {
  assert.equal(logOf([0, 2], [64, 2], [0, 2], [0, 2]).writing(2, 2), 21);
});

test('too few steps give no figure', () => {
  assert.equal(logOf([0, 2], [0, 2], [0, 1]).writing(2, 3), undefined);
  const log = logOf([0, 2]);
  log.clear();
  assert.equal(log.writing(2, 1), undefined);
});
