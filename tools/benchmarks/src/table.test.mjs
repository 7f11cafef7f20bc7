import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMarkdownTable, formatTable, formatValue, toCells } from './table.mjs';

const result = {
  title: 'prefill, 512 tokens',
  unit: 'tokens/s',
  target: { least: 3.5, of: 'ratio' },
  engines: { onnx: { value: 1834.2, ratio: 4.118 }, 'llama.cpp': { value: 441, ratio: 0.991 } },
  llama: { form: 'Q8_0, 2 threads', value: 445.4 },
  best: 'onnx',
  ratio: 4.118,
  interval: { low: 3.9, high: 4.31, confidence: 0.96 },
  reached: true,
};

test('values keep three significant digits', () => {
  assert.deepEqual([1834.2, 445.4, 12.345, 0.0012345, 0].map(formatValue), ['1,834', '445', '12.3', '0.00123', '0']);
  assert.equal(formatValue(NaN), '–');
});

test('a result says figure, target, each engine with its ratio, llama.cpp with its form, and the better of ours', () => {
  assert.deepEqual(toCells(result), [
    'prefill, 512 tokens',
    '≥ 3.5 ×',
    '1,834 tokens/s, 4.12 ×',
    '441 tokens/s, 0.99 ×',
    '445 tokens/s (Q8_0, 2 threads)',
    '4.12 × (3.90–4.31), onnx',
    'yes',
  ]);
});

test('a figure of one engine stands in its column', () => {
  const cells = toCells({
    title: 'start',
    unit: 's',
    target: { most: 5 },
    engines: { 'llama.cpp': { value: 2 } },
    reached: true,
  });
  assert.deepEqual(cells, ['start', '≤ 5 s', '', '2 s', '', '', 'yes']);
});

test('a figure that is missing says why, and never that it was reached', () => {
  const cells = toCells({ title: 'x', unit: 'ms', target: { most: 50 }, unavailable: 'no Linux' });
  assert.deepEqual(cells, ['x', '≤ 50 ms', 'not available: no Linux', '', '', '', '']);
});

test('a missed target says no', () => {
  assert.equal(toCells({ ...result, reached: false }).at(-1), 'no');
});

test('tables align their columns', () => {
  const columns = [{ title: 'a' }, { title: 'b', right: true }];
  assert.equal(
    formatTable(columns, [
      ['long', '1'],
      ['x', '200'],
    ]),
    'a       b\n────  ───\nlong    1\nx     200',
  );
  assert.equal(formatMarkdownTable(columns, [['x|y', '1']]), '| a | b |\n| --- | --: |\n| x\\|y | 1 |');
});
