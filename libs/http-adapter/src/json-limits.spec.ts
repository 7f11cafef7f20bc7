import fc from 'fast-check';
import { checkJson, isDeeperThan } from './json-limits.js';

describe('isDeeperThan', () => {
  it('counts as a parser would, whatever is in the strings', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(4), (value, space) => {
        const bytes = Buffer.from(JSON.stringify(value, null, space));
        const depth = depthOf(value);
        expect(isDeeperThan(bytes, depth)).toBe(false);
        if (depth > 0) expect(isDeeperThan(bytes, depth - 1)).toBe(true);
      }),
    );
  });

  it('is not led astray by brackets and quotes in strings', () => {
    const deeper = (json: string) => isDeeperThan(Buffer.from(json), 1);

    expect(deeper(JSON.stringify(['[[[', '{{{', '\\', '\\"[[', '"']))).toBe(false);
    expect(deeper('["\\\\",["x"]]')).toBe(true);
    expect(deeper('["never closed [[')).toBe(false);
    expect(deeper('[[')).toBe(true);
  });
});

describe('checkJson', () => {
  it('takes what JSON can hold, to a depth of 64 and with 512 fields', () => {
    expect(() => checkJson(nested(64))).not.toThrow();
    expect(() =>
      checkJson({ constructor: 'Ford', prototype: 'T', proto: 1, deep: [null, true, 'x', -0] }),
    ).not.toThrow();
    expect(() => checkJson(withFields(512))).not.toThrow();
  });

  it('refuses more', () => {
    expect(() => checkJson(nested(65))).toThrow('64 levels');
    expect(() => checkJson(withFields(513))).toThrow('512 fields');
    expect(() => checkJson(JSON.parse('[[1e400]]'))).toThrow('too large');
    expect(() => checkJson(JSON.parse('{"a": [{"__proto__": 1}]}'))).toThrow('not allowed');
    expect(() => checkJson(JSON.parse('{"constructor": {"prototype": {}}}'))).toThrow('not allowed');
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

function withFields(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, 1]));
}
