import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Comparison, judge } from './compare.mjs';
import { decodeRow, prefillRow } from './speed-rows.mjs';

const round = (onnx, second, llama) => ({ ours: { onnx, 'llama.cpp': second }, llama });

test('the fastest form by its median is the one that counts, and the better engine by its ratio', () => {
  const rounds = [round(100, 45, { a: 50, b: 40 }), round(60, 90, { a: 30, b: 80 }), round(100, 40, { a: 50, b: 40 })];
  const { llama, engines, best, ratio, reached, pairs } = judge(rounds, 0.95);
  assert.deepEqual(llama, { form: 'a', value: 50 });
  assert.deepEqual([engines.onnx.ratio, engines['llama.cpp'].ratio], [2, 0.9]);
  assert.deepEqual([best, ratio, reached, pairs], ['onnx', 2, true, 3]);
});

test('a target that the better engine misses is missed', () => {
  assert.equal(judge([round(40, 45, { a: 50 })], 0.95).reached, false);
  assert.equal(judge([round(40, 45, { a: 50 })]).reached, undefined);
});

/** A side that says how many milliseconds it took, and notes who was asked. */
function sideOf(name, log, msOf) {
  return {
    call: async (action, given) => {
      log.push(given.form ? given.form.name : name);
      return { ms: msOf(given) };
    },
  };
}

test('forms that are far slower in the trial are left out, and all take turns', async () => {
  const log = [];
  const ms = { fast: 100, near: 110, slow: 300 };
  const sides = {
    ours: { onnx: sideOf('onnx', log, () => 50), 'llama.cpp': sideOf('engine', log, () => 100) },
    llama: sideOf('', log, ({ form }) => ms[form.name]),
    tokens: new Array(600).fill(1),
  };
  const comparison = new Comparison(prefillRow(512), sides, 3);
  await comparison.prepare(
    Object.keys(ms).map((name) => ({ name })),
    { tries: 2, most: 2 },
  );
  assert.deepEqual(log, ['onnx', 'onnx', 'engine', 'engine', 'fast', 'fast', 'near', 'near', 'slow']);
  log.length = 0;
  await comparison.measure();
  await comparison.measure();
  assert.deepEqual(log, [...['onnx', 'fast', 'near', 'engine'], ...['onnx', 'fast', 'near', 'engine']]);
  const { engines, llama, ratio, reached } = comparison.result();
  assert.equal(llama.form, 'fast');
  assert.deepEqual([engines.onnx.value, ratio, reached], [10_240, 2, false]);
});

test('a model that one engine serves is compared with that one', async () => {
  const sides = {
    ours: { 'llama.cpp': sideOf('engine', [], () => 100) },
    llama: sideOf('', [], () => 100),
    tokens: new Array(600).fill(1),
  };
  const comparison = new Comparison(decodeRow(64), sides, 0.95);
  await comparison.prepare([{ name: 'only' }], { tries: 1, most: 2 });
  await comparison.measure();
  const { best, ratio, reached } = comparison.result();
  assert.deepEqual([best, ratio, reached], ['llama.cpp', 1, true]);
});
