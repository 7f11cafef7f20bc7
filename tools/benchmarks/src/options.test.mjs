import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions, UsageError } from './options.mjs';

test('a quick run takes the embedded model, a full one both; lists choose', () => {
  assert.deepEqual(readOptions(['--quick']).models, ['smollm2-135m-instruct']);
  assert.deepEqual(readOptions([]).models, ['smollm2-135m-instruct', 'llama-1b']);
  const options = readOptions(['--models', 'llama-1b', '--engines', 'llama.cpp', '--only', 'http, start']);
  assert.deepEqual([options.models, options.engines, options.only], [['llama-1b'], ['llama.cpp'], ['http', 'start']]);
});

test('what makes no sense is said in one sentence', () => {
  assert.throws(
    () => readOptions(['--models', 'gpt']),
    new UsageError("--models knows smollm2-135m-instruct, llama-1b; it doesn't know 'gpt'."),
  );
  assert.throws(() => readOptions(['--engines', '']), UsageError);
  assert.throws(() => readOptions(['--pairs', '0']), /at least 1/);
  assert.throws(() => readOptions(['--fast']), UsageError);
});
