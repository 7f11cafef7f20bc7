import fc from 'fast-check';
import { BASE62 } from './base62.js';
import { generateKey, hasKeyPrefix, keyHint, parseKey } from './key-format.js';
import type { ApiKeyType } from './key-format.js';

const aKey = fc.constantFrom<ApiKeyType>('inference', 'admin').map((type) => ({ type, ...generateKey(type) }));
const FORM = { inference: /^mcli_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/, admin: /^mclia_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/ };

describe('a key', () => {
  it('has its published form, and is read back', () => {
    fc.assert(
      fc.property(aKey, ({ type, id, key }) => {
        expect(key).toMatch(FORM[type]);
        expect(parseKey(key)).toEqual({ type, id });
        expect(hasKeyPrefix(key)).toBe(true);
      }),
    );
  });

  it('is no key any more with any one letter changed', () => {
    fc.assert(
      fc.property(aKey, fc.nat(), fc.constantFrom(...BASE62, '_', ' ', '-'), ({ key }, at, letter) => {
        const place = at % key.length;
        fc.pre(key[place] !== letter);
        expect(parseKey(key.slice(0, place) + letter + key.slice(place + 1))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('is no key any more with two neighbours exchanged, cut or lengthened', () => {
    fc.assert(
      fc.property(aKey, fc.nat(), ({ key }, at) => {
        const place = at % (key.length - 1);
        const exchanged = key.slice(0, place) + key[place + 1] + key[place] + key.slice(place + 2);
        if (exchanged !== key) expect(parseKey(exchanged)).toBeUndefined();
        expect(parseKey(key.slice(0, place))).toBeUndefined();
        expect(parseKey(key.slice(0, place) + '0' + key.slice(place))).toBeUndefined();
        for (const extra of ['\n', '\r\n', ' ', '\0']) {
          expect(parseKey(key + extra)).toBeUndefined();
          expect(parseKey(extra + key)).toBeUndefined();
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is hinted at without a letter of secret or checksum', () => {
    const { id, key } = generateKey('inference');
    expect(keyHint({ type: 'inference', id })).toBe(`mcli_${id}_…`);
    expect(key.startsWith(keyHint({ type: 'inference', id }).slice(0, -1))).toBe(true);
  });
});

describe('parseKey', () => {
  it('reads a key whose checksum was worked out elsewhere', () => {
    expect(parseKey(`mcli_${'0'.repeat(12)}_${'0'.repeat(43)}06hzE8`)).toEqual({
      type: 'inference',
      id: '000000000000',
    });
  });

  it('reads no other text, and never throws', () => {
    const like = fc.stringMatching(/^mclia?_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), like), (text) => parseKey(text) === undefined),
    );
  });
});
