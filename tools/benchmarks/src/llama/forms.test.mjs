import assert from 'node:assert/strict';
import { test } from 'node:test';
import { llamaForms } from './forms.mjs';

const files = [
  { name: 'Q4_1', path: 'a' },
  { name: 'Q8_0', path: 'b' },
];

test('each file is tried with all threads first, then with one', () => {
  assert.deepEqual(
    llamaForms({ files }, 2).map(({ name }) => name),
    ['Q4_1, 2 threads', 'Q8_0, 2 threads', 'Q4_1, 1 thread', 'Q8_0, 1 thread'],
  );
});

test('a machine with one core tries nothing twice', () => {
  assert.deepEqual(llamaForms({ files: files.slice(0, 1) }, 1), [{ name: 'Q4_1, 1 thread', file: 'Q4_1', threads: 1 }]);
});
