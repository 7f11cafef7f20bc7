import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianInterval, quantile } from './statistics.mjs';

test('the median is the middle value, or the mean of the two middle ones', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('a quantile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, at) => at + 1);
  assert.equal(quantile(values, 0.99), 99);
  assert.equal(quantile(values, 0), 1);
  assert.equal(quantile([7], 0.5), 7);
});

// Confidences from the binomial distribution: 1 - 2 * P(X <= k - 1), X ~ B(n, 1/2).
test('nine values give the second to the eighth, 96.1 %', () => {
  const interval = medianInterval([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual([interval.low, interval.high], [2, 8]);
  assert.ok(Math.abs(interval.confidence - (1 - 20 / 512)) < 1e-12);
});

test('fifteen values give the fourth to the twelfth, 96.5 %', () => {
  const interval = medianInterval(Array.from({ length: 15 }, (_, at) => at + 1));
  assert.deepEqual([interval.low, interval.high], [4, 12]);
  assert.ok(Math.abs(interval.confidence - (1 - (2 * (1 + 15 + 105 + 455)) / 32768)) < 1e-12);
});

test('three values give the whole range and say that it is worth 75 %', () => {
  assert.deepEqual(medianInterval([2, 1, 3]), { low: 1, high: 3, confidence: 0.75 });
  assert.deepEqual(medianInterval([5]), { low: 5, high: 5, confidence: 0 });
});
