import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPage } from './to-page.mjs';

const point = (x) => ({
  x,
  engines: { onnx: { value: 100, low: 90, high: 110 }, 'llama.cpp': { value: 49, low: 40, high: 60 } },
  llama: { form: 'Q8_0, 2 threads', value: 50, low: 40, high: 60 },
  best: 'onnx',
  ratio: 2,
});
const machine = {
  date: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  class: 'avx2',
  cpu: 'A CPU',
  instructions: ['avx2'],
  cores: 2,
  threads: 2,
  node: '20.0.0',
  onnxruntime: '1.0.0',
  llamaCpp: '0.5.0 (a-package 3.0.0)',
};
const decode = (onnx, second) => ({
  model: 'small',
  id: 'decode-64',
  title: 'decode, 1 sequence at depth 64',
  unit: 'tokens/s',
  target: { least: 1.1, of: 'ratio' },
  engines: { onnx: { value: 60 * onnx, ratio: onnx }, 'llama.cpp': { value: 60 * second, ratio: second } },
  llama: { form: 'Q8_0, 1 thread', value: 60 },
  best: onnx > second ? 'onnx' : 'llama.cpp',
  ratio: Math.max(onnx, second),
  interval: { low: 0.5, high: 1.8, confidence: 0.961 },
  reached: Math.max(onnx, second) >= 1.1,
  pairs: 9,
});
const start = {
  title: 'start to ready',
  unit: 's',
  target: { most: 1 },
  engines: { onnx: { value: 1.2 } },
  reached: false,
};
const report = {
  machine,
  results: [decode(1.67, 0.98), start],
  series: { promptLength: [point(128), point(4096)], concurrency: [point(1), point(8)] },
};
const other = { machine: { ...machine, class: 'avx512-vnni', cpu: 'Another CPU' }, results: [decode(0.9, 0.94)] };

test('the page names machine, versions, every figure, charts and how to repeat it', () => {
  const page = toPage([report]);
  for (const text of ['A CPU', 'abc1234', 'Node 20.0.0', 'ONNX Runtime 1.0.0', 'llama.cpp 0.5.0', 'npm run bench'])
    assert.ok(page.includes(text), text);
  assert.ok(
    page.includes(
      '| 100 tokens/s, 1.67 × | 58.8 tokens/s, 0.98 × | 60 tokens/s (Q8_0, 1 thread) | 1.67 × (0.50–1.80), onnx | yes |',
    ),
  );
  assert.match(page, /start to ready \| ≤ 1 s \| 1\.2 s \|.*\| no \|/);
  assert.ok(page.includes('performance/avx2-prompt-length.svg') && page.includes('performance/avx2-concurrency.svg'));
  assert.doesNotMatch(page, /undefined|NaN/);
});

test('each class of processor has a part of its own', () => {
  const page = toPage([report, other]);
  assert.match(page, /## x86-64 with AVX2 alone[^]*A CPU[^]*## x86-64 with AVX-512 VNNI[^]*Another CPU/);
  assert.equal(page.match(/\| figure \|/g).length, 2);
});

test('it says which figures of the better engine are below 0.95 ×, or that none is', () => {
  assert.match(toPage([report]), /No figure is below 0\.95 ×/);
  assert.match(toPage([other]), /Below 0\.95 × llama\.cpp.*decode, 1 sequence at depth 64 \(0\.94 ×\)/);
});

test('what must be known of a machine’s figures stands beside them', () => {
  const page = toPage([{ ...other, machine: { ...other.machine, note: 'An old way of measuring.' } }]);
  assert.ok(page.includes('- An old way of measuring.'));
});
