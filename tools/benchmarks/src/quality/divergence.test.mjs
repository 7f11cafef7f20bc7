import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Divergence } from './divergence.mjs';

test('a form that gives the same logits diverges by nothing', () => {
  const divergence = new Divergence();
  divergence.add(Float32Array.of(1, 2, 3), Float32Array.of(2, 3, 4), 0);
  const { divergence: found, perplexity, sameTop, tokens } = divergence.result();
  assert.ok(Math.abs(found) < 1e-6);
  assert.ok(Math.abs(perplexity - 1) < 1e-6);
  assert.deepEqual([sameTop, tokens], [1, 1]);
});

test('it is what the definition gives, averaged over tokens', () => {
  const divergence = new Divergence();
  const [half, quarter] = [Math.log(0.5), Math.log(0.25)];
  divergence.add(Float32Array.of(half, half), Float32Array.of(quarter, Math.log(0.75)), 1);
  divergence.add(Float32Array.of(half, half), Float32Array.of(half, half), 0);
  const { divergence: found, perplexity, sameTop } = divergence.result();
  assert.ok(Math.abs(found - (0.5 * Math.log(2) + 0.5 * Math.log(0.5 / 0.75)) / 2) < 1e-6);
  assert.ok(Math.abs(perplexity - Math.exp(Math.log(0.5 / 0.75) / 2)) < 1e-6);
  assert.equal(sameTop, 0.5);
});
