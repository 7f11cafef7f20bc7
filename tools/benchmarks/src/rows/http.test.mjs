import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeAnswers } from './http.mjs';

test('one client writes from its first text on', () => {
  const answers = [{ tokens: 11, times: [1_010, 1_100, 1_600], textAt: 1_100 }];
  assert.deepEqual(summarizeAnswers(1_000, answers), { firstMs: 100, perSecond: 20 });
});

test('several clients count from the first request to the last token', () => {
  const answers = [
    { tokens: 10, times: [1_100, 1_500], textAt: 1_100 },
    { tokens: 10, times: [1_300, 2_000], textAt: 1_300 },
    { tokens: 10, times: [1_200, 1_900], textAt: 1_200 },
  ];
  assert.deepEqual(summarizeAnswers(1_000, answers), { firstMs: 200, perSecond: 30 });
});

test('an answer without visible text came when it ended', () => {
  const { firstMs } = summarizeAnswers(0, [{ tokens: 2, times: [50, 80] }]);
  assert.equal(firstMs, 80);
});
