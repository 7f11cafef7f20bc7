import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPage } from './write-report.mjs';

const point = (x) => ({
  x,
  ours: { value: 100, low: 90, high: 110 },
  llama: { form: 'Q8_0', value: 50, low: 40, high: 60 },
  ratio: 2,
});
const report = {
  machine: {
    date: '2026-01-02T03:04:05.000Z',
    commit: 'abc1234',
    cpu: 'A CPU',
    instructions: ['avx2'],
    cores: 2,
    threads: 2,
    node: '20.0.0',
    onnxruntime: '1.0.0',
    nodeLlamaCpp: '3.0.0',
    llamaCpp: 'b1',
  },
  results: [
    {
      title: 'decode, 1 sequence at depth 64',
      unit: 'tokens/s',
      target: { least: 1.1, of: 'ratio' },
      ours: 100,
      llama: { form: 'Q8_0', value: 60 },
      oneThread: { llama: { form: 'Q8_0, 1 thread', value: 80 }, ratio: 1.25, interval: { low: 1.2, high: 1.3 } },
      ratio: 1.67,
      interval: { low: 1.5, high: 1.8, confidence: 0.961 },
      reached: true,
      pairs: 9,
    },
    { title: 'start to ready', unit: 's', target: { most: 1 }, ours: 1.2, reached: false },
  ],
  series: { promptLength: [point(128), point(4096)], concurrency: [point(1), point(8)] },
};

test('the page names machine, versions, every figure, charts and how to repeat it', () => {
  const page = toPage(report);
  for (const text of ['A CPU', 'abc1234', 'Node 20.0.0', 'ONNX Runtime 1.0.0', '1.67 × (1.50–1.80)', 'npm run bench'])
    assert.ok(page.includes(text), text);
  assert.match(page, /start to ready \| ≤ 1 s \| 1\.2 s \|.*\| no \|/);
  assert.ok(page.includes('performance/prompt-length.svg') && page.includes('performance/concurrency.svg'));
  assert.doesNotMatch(page, /undefined|NaN/);
});

test('it says where llama.cpp is faster with one thread', () => {
  assert.match(toPage(report), /faster with one thread here, 80 tokens\/s/);
  report.results[0].oneThread.llama.value = 50;
  assert.doesNotMatch(toPage(report), /faster with one thread/);
});
