import { chosenKeyId, KeyHasher } from './key-hasher.js';

const PEPPER = 'a pepper of twenty-six bytes';

describe('KeyHasher', () => {
  it('keeps the plain SHA-256 without a pepper', () => {
    // FIPS 180-2, appendix B.1
    expect(new KeyHasher().hash('abc')).toEqual({
      algorithm: 'sha256',
      pepperId: null,
      digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });

  it('keeps an HMAC-SHA-256 with one', () => {
    // RFC 4231, test case 6, whose key has more than 16 bytes
    const hash = new KeyHasher(Buffer.alloc(131, 0xaa)).hash('Test Using Larger Than Block-Size Key - Hash Key First');
    expect(hash).toMatchObject({
      algorithm: 'hmac-sha256',
      digest: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    });
  });

  it.each([undefined, PEPPER])('knows its own hashes again (pepper: %s)', (pepper) => {
    const hasher = new KeyHasher(pepper);
    const hash = hasher.hash('one key');
    expect(hasher.matches('one key', hash)).toBe(true);
    expect(hasher.matches('one kez', hash)).toBe(false);
    expect(hasher.matches('one key', undefined)).toBe(false);
  });

  it('still knows hashes that were made before there was a pepper', () => {
    expect(new KeyHasher(PEPPER).matches('key', new KeyHasher().hash('key'))).toBe(true);
  });

  it('knows no hash of another pepper, and can tell that this is why', () => {
    const hash = new KeyHasher(PEPPER).hash('key');
    for (const other of [new KeyHasher(), new KeyHasher(`${PEPPER}!`)]) {
      expect(other.matches('key', hash)).toBe(false);
      expect(other.knowsPepperOf(hash)).toBe(false);
    }
  });

  it('does not take an HMAC for a plain hash', () => {
    const hasher = new KeyHasher(PEPPER);
    expect(hasher.matches('key', { ...hasher.hash('key'), algorithm: 'sha256' })).toBe(false);
  });

  it('refuses a pepper that can be guessed', () => {
    expect(() => new KeyHasher('short')).toThrow(/at least 16 random bytes; this one has 5/);
  });
});

describe('chosenKeyId', () => {
  it('is the same for the same key and has the form of an id', () => {
    expect(chosenKeyId('sk-something')).toBe(chosenKeyId('sk-something'));
    expect(chosenKeyId('sk-something')).not.toBe(chosenKeyId('sk-somethinh'));
    expect(chosenKeyId('')).toMatch(/^[0-9A-Za-z]{12}$/);
  });
});
