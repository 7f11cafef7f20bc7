import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityRow } from './quality.mjs';
import { toCells } from './table.mjs';

const row = { id: 'quality-prose', title: 'divergence', unit: 'KL per token', target: { most: 0.008 } };
const values = (divergence) => ({ divergence, perplexity: 1 });

test('our form is judged; what llama.cpp loses stands beside it', () => {
  const results = { 'int8-row': values(0.006), Q4_1: values(0.003), Q8_0: values(0.004) };
  assert.deepEqual(toCells(qualityRow('divergence', { results }, row)), [
    'divergence',
    '≤ 0.008 KL per token',
    '0.006 KL per token',
    '0.003 KL per token',
    '0.004 KL per token (Q8_0)',
    '',
    'yes',
  ]);
});

test('our form alone can be missed, too', () => {
  const result = qualityRow('divergence', { results: { 'int8-row': values(0.009) } }, row);
  assert.deepEqual([result.reached, result.llama, Object.keys(result.engines)], [false, undefined, ['onnx']]);
});
