import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantizeQ8, toHalf } from './write-q8.mjs';

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
