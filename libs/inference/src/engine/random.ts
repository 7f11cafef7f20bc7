/** Draws numbers that are evenly spread over 0 ≤ x < 1. */
export type Random = () => number;

/**
 * A seeded generator: xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it/), a state of 128 bits filled
 * from the seed's 64 bits by SplitMix32. Each number has 53 random bits, from two outputs. The same seed gives
 * the same numbers on every machine and in every release. Not for secrets.
 *
 * `seed` is an integer, taken modulo 2^64.
 * @default 64 bits from the system's own generator
 */
export function createRandom(seed?: number): Random {
  const state = seed === undefined ? randomSeed() : splitSeed(seed);
  const next = splitMix32(state);
  let [a, b, c, d] = [next(), next(), next(), next()];

  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };

  return () => {
    const high = uint32() >>> 5;
    const low = uint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  };
}

type Seed = readonly [low: number, high: number];

function randomSeed(): Seed {
  const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [low, high];
}

function splitSeed(seed: number): Seed {
  const bits = BigInt.asUintN(64, BigInt(seed));
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)];
}

/** SplitMix32 over both halves of the seed: they are mixed in turn, so each changes the whole state. */
function splitMix32([low, high]: Seed): () => number {
  let position = low | 0;
  return () => {
    position = (position + 0x9e3779b9) | 0;
    return mix(mix(position) ^ high);
  };
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
