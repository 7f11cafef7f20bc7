import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readGgufHeader } from '@mcli/model-builder';
import { tinyGguf, tinyModel, writeGguf } from '@mcli/model-builder/testing';
import { quantizeQ8, toHalf, writeQ8 } from './write-q8.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mcli-q8-'));
after(() => rmSync(folder, { recursive: true }));

// Bit patterns from IEEE 754, binary16.
test('numbers become half-precision bits, rounded to even', () => {
  const known = [
    [0, 0x0000],
    [1, 0x3c00],
    [0.5, 0x3800],
    [65_504, 0x7bff],
    [1 + 1 / 2048, 0x3c00],
    [1 + 3 / 2048, 0x3c02],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400],
  ];
  for (const [value, bits] of known) assert.equal(toHalf(value), bits, `${value}`);
});

test('a block is its largest number ÷ 127 and 32 signed bytes', () => {
  const numbers = Float32Array.from({ length: 64 }, (_, at) => (at < 32 ? at - 15.5 : 0));
  numbers[0] = -127;
  const blocks = quantizeQ8(numbers);
  assert.equal(blocks.length, 68);
  assert.equal(blocks.readUInt16LE(0), 0x3c00);
  // Halves are rounded away from zero, as `roundf` does.
  assert.deepEqual([blocks.readInt8(2), blocks.readInt8(3), blocks.readInt8(33)], [-127, -15, 16]);
  assert.ok(blocks.subarray(34).every((byte) => byte === 0));
});

test('a file gets the tensors that one written as Q8_0 has', async () => {
  const model = tinyModel();
  const [plain, made, direct] = ['plain', 'made', 'direct'].map((name) => join(folder, `${name}.gguf`));
  await writeGguf(plain, tinyGguf(model));
  await writeGguf(direct, tinyGguf(model, { format: 'Q8_0' }));
  await writeQ8(plain, made);
  const [found, expected] = [await readGgufHeader(made), await readGgufHeader(direct)];
  assert.deepEqual(found.tensors, expected.tensors);
  assert.equal(found.size, expected.size);
  assert.ok(found.size < (await readGgufHeader(plain)).size);
});
