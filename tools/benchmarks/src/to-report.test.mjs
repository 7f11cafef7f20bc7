import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toReport } from './to-report.mjs';

const result = (model, id, onnx, second) => {
  const engines = { 'llama.cpp': { value: 1, ratio: second } };
  if (onnx !== undefined) engines.onnx = { value: 1, ratio: onnx };
  const best = onnx > second ? 'onnx' : 'llama.cpp';
  return { model, id, engines, best, ratio: Math.max(onnx ?? 0, second) };
};
const results = [
  result('small', 'prefill-512', 1.5, 1),
  result('small', 'prefill-2048', 9, 9),
  result('small', 'decode-512', 0.9, 0.99),
  result('large', 'prefill-512', undefined, 0.98),
  { model: 'small', id: 'start-cached', engines: { onnx: { value: 1 } } },
];

test('the ratios are those of the better engine for the embedded model, with its name', () => {
  const report = toReport({ kind: 'quick', machine: {}, results, embedded: 'small' });
  assert.deepEqual(report.ratios, { prefill: 1.5, decode: 0.99 });
  assert.deepEqual(report.engines, { prefill: 'onnx', decode: 'llama.cpp' });
  assert.deepEqual(report.models.small.byEngine, {
    onnx: { prefill: 1.5, decode: 0.9 },
    'llama.cpp': { prefill: 1, decode: 0.99 },
  });
  assert.deepEqual(report.models.large.ratios, { prefill: 0.98 });
});

test('a run of another model alone has that one’s ratios, a run without comparisons none', () => {
  const large = results.filter(({ model }) => model === 'large');
  assert.deepEqual(toReport({ kind: 'full', machine: {}, results: large, embedded: 'small' }).ratios, {
    prefill: 0.98,
  });
  const rest = results.slice(-1);
  assert.deepEqual(toReport({ kind: 'full', machine: {}, results: rest, embedded: 'small' }).ratios, {});
});
