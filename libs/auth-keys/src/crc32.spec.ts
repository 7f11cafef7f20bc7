import zlib from 'node:zlib';
import fc from 'fast-check';
import { crc32 } from './crc32.js';

describe('crc32', () => {
  it.each([
    ['', 0],
    ['a', 0xe8b7be43],
    ['123456789', 0xcbf43926],
  ])('of %j is as published', (text, sum) => {
    expect(crc32(text)).toBe(sum);
  });

  const native = 'crc32' in zlib && typeof zlib.crc32 === 'function' ? zlib.crc32 : undefined;
  (native ? it : it.skip)('agrees with zlib where zlib has one', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 100 });
    fc.assert(
      fc.property(ascii, (text) => expect(crc32(text)).toBe(native?.(text))),
      { numRuns: 300 },
    );
  });
});
