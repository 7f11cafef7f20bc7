import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { BASE62 } from './base62.js';
import type { KeyHash } from './key-store.js';

const MIN_PEPPER_BYTES = 16;
const NOBODY = '0'.repeat(64);

/**
 * Turns keys into what may be stored, and compares.
 *
 * One SHA-256 is enough: generated keys have 256 random bits, so there is nothing a slow hash would slow
 * down but the server. With a pepper the digest is an HMAC-SHA-256, and a stolen store can't even confirm
 * a guess.
 */
export class KeyHasher {
  readonly #pepper: Buffer | undefined;
  readonly #pepperId: string | null;

  constructor(pepper?: string | Uint8Array) {
    this.#pepper = pepper === undefined ? undefined : Buffer.from(pepper);
    if (this.#pepper !== undefined && this.#pepper.length < MIN_PEPPER_BYTES) {
      throw new TypeError(
        `A pepper needs at least ${MIN_PEPPER_BYTES} random bytes; this one has ${this.#pepper.length}.`,
      );
    }
    this.#pepperId =
      this.#pepper === undefined
        ? null
        : createHash('sha256').update('pepper id\0').update(this.#pepper).digest('hex').slice(0, 8);
  }

  hash(key: string): KeyHash {
    return this.#pepper === undefined
      ? { algorithm: 'sha256', pepperId: null, digest: sha256(key).toString('hex') }
      : { algorithm: 'hmac-sha256', pepperId: this.#pepperId, digest: hmac(this.#pepper, key).toString('hex') };
  }

  /**
   * Whether the key has this hash. Does the same work for every answer, with no hash at all too: what this
   * hasher can compute is computed, and one comparison of 32 bytes is made.
   */
  matches(key: string, hash: KeyHash | undefined): boolean {
    const plain = sha256(key);
    const peppered = this.#pepper === undefined ? plain : hmac(this.#pepper, key);
    const expected = Buffer.from(hash?.digest ?? NOBODY, 'hex');
    const equal = timingSafeEqual(hash?.algorithm === 'sha256' ? plain : peppered, expected);
    return equal && hash !== undefined && this.knowsPepperOf(hash);
  }

  /** Whether the hash was made without a pepper or with this hasher's. */
  knowsPepperOf(hash: KeyHash): boolean {
    return hash.algorithm === 'sha256' || hash.pepperId === this.#pepperId;
  }
}

/** The id of a key that its caller chose: letters of its SHA-256. */
export function chosenKeyId(key: string): string {
  return Array.from(sha256(key).subarray(0, 12), (byte) => BASE62.charAt(byte % 62)).join('');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hmac(pepper: Buffer, text: string): Buffer {
  return createHmac('sha256', pepper).update(text).digest();
}
