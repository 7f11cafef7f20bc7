import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, exactIntegers } from '@mcli/model-builder';
import type { TinyModel } from '@mcli/model-builder/testing';
import { referenceLogits, writeTinyGguf } from '@mcli/model-builder/testing';
import { Engine } from '../engine/engine.js';
import { backendContract } from '../testing/index.js';
import { loadOnnxRunner } from './load-onnx-runner.js';
import type { OnnxRunner } from './onnx-runner.js';

/** What rows can be stored as where this runs: uint8 is multiplied exactly everywhere. */
const exactHere = (await exactIntegers()) === 'int8' ? (['int8', 'uint8'] as const) : (['uint8'] as const);
if (!exactHere.some((integers) => integers === 'int8')) {
  console.log('Not tested: rows of int8, which this processor multiplies inexactly.');
}

let folder: string;
let model: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-runner-'));
  model = await writeTinyGguf(join(folder, 'tiny.gguf'), { seed: 5 });
  const source = join(folder, 'tiny.gguf');
  await buildModel({ source, directory: join(folder, 'float32'), weights: 'float32' });
  await buildModel({ source, directory: join(folder, 'int8-block32'), weights: 'int8-block32' });
  const calibration = () => [someTokens(200, 99), someTokens(200, 3)];
  for (const integers of exactHere) {
    const directory = join(folder, `int8-row of ${integers}`);
    await buildModel({ source, directory, weights: 'int8-row', integers, calibration });
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(['native', 'worker'] as const)('OnnxRunner over the %s runtime', (prefer) => {
  let runner: OnnxRunner;

  beforeAll(async () => {
    runner = await load({ weights: 'float32', prefer, context: 48, slots: 3 });
  }, 30_000);

  afterAll(() => runner.dispose());

  it('reads a prompt in chunks and writes on, as the reference does', async () => {
    const tokens = someTokens(40, 1);
    const expected = referenceLogits(model, tokens);
    const cache = runner.createCache();
    await forward([{ cache, tokens: tokens.slice(0, 16) }]);
    expect(distance(await forward([{ cache, tokens: tokens.slice(16, 33) }]), [expected[32]])).toBeLessThan(1e-3);
    for (let at = 33; at < 40; at++) {
      expect(distance(await forward([{ cache, tokens: tokens.slice(at, at + 1) }]), [expected[at]])).toBeLessThan(1e-3);
    }
    expect(cache.length).toBe(40);
    cache.dispose();
  });

  it('serves readers and writers in one pass, over an idle row in their middle', async () => {
    const texts = [someTokens(20, 2), someTokens(9, 3), someTokens(30, 4)];
    const caches = texts.map(() => runner.createCache());
    for (const [at, tokens] of texts.entries()) {
      await forward([{ cache: caches[at] as never, tokens: tokens.slice(0, -1) }]);
    }
    const idle = caches[1] as (typeof caches)[0];
    const before = idle.length;
    const logits = await forward([0, 2].map((at) => ({ cache: caches[at] as never, tokens: [last(texts[at])] })));
    expect(
      distance(
        logits,
        [0, 2].map((at) => referenceLogits(model, texts[at] ?? []).at(-1)),
      ),
    ).toBeLessThan(1e-3);
    expect(idle.length).toBe(before);
    // What the idle row remembered is as it was.
    expect(
      distance(await forward([{ cache: idle, tokens: [last(texts[1])] }]), [
        referenceLogits(model, texts[1] ?? []).at(-1),
      ]),
    ).toBeLessThan(1e-3);
    caches.forEach((cache) => cache.dispose());
  });

  it('lets a full row stand beside others, and fills a row to its last position', async () => {
    const [first, full, third] = [runner.createCache(), runner.createCache(), runner.createCache()];
    const long = someTokens(48, 5);
    await forward([{ cache: full, tokens: long.slice(0, 47) }]);
    expect(
      distance(await forward([{ cache: full, tokens: long.slice(47) }]), [referenceLogits(model, long).at(-1)]),
    ).toBeLessThan(1e-3);
    await expect(forward([{ cache: full, tokens: [1] }])).rejects.toThrow(RangeError);
    const short = someTokens(6, 6);
    await forward([
      { cache: first, tokens: short.slice(0, 5) },
      { cache: third, tokens: short.slice(0, 5) },
    ]);
    const logits = await forward([
      { cache: first, tokens: [last(short)] },
      { cache: third, tokens: [last(short)] },
    ]);
    const expected = referenceLogits(model, short).at(-1);
    expect(distance(logits, [expected, expected])).toBeLessThan(1e-3);
    full.truncate(47);
    expect(
      distance(await forward([{ cache: full, tokens: long.slice(47) }]), [referenceLogits(model, long).at(-1)]),
    ).toBeLessThan(1e-3);
    [first, full, third].forEach((cache) => cache.dispose());
  });

  it('forgets what is truncated', async () => {
    const cache = runner.createCache();
    const tokens = someTokens(12, 7);
    await forward([{ cache, tokens: someTokens(30, 8) }]);
    cache.truncate(0);
    await forward([{ cache, tokens: tokens.slice(0, 6) }]);
    await forward([{ cache, tokens: someTokens(9, 9) }]);
    cache.truncate(6);
    expect(
      distance(await forward([{ cache, tokens: tokens.slice(6) }]), [referenceLogits(model, tokens).at(-1)]),
    ).toBeLessThan(1e-3);
    cache.dispose();
  });

  it('hands out as many caches as it has slots', () => {
    const caches = [runner.createCache(), runner.createCache(), runner.createCache()];
    expect(() => runner.createCache()).toThrow(RangeError);
    caches.forEach((cache) => cache.dispose());
    runner.createCache().dispose();
  });

  async function forward(
    items: readonly { cache: ReturnType<OnnxRunner['createCache']>; tokens: readonly number[] }[],
  ) {
    const rows = await runner.forward(
      items.map((item) => ({ ...item, kind: item.tokens.length > 1 ? 'read' : 'write', logitRows: 1 })),
    );
    return rows.flat();
  }
});

describe('OnnxRunner with 8-bit weights in blocks', () => {
  let runner: OnnxRunner;

  beforeAll(async () => {
    runner = await load({ weights: 'int8-block32', context: 64, slots: 4 });
  });

  afterAll(() => runner.dispose());

  // Attention sums up in another order for other lengths; what else rounds differently shows as 0.01 and more.
  it('reads the same numbers wherever reading begins, but for the last bits', async () => {
    const tokens = someTokens(33, 10);
    const cache = runner.createCache();
    const [[whole] = []] = await runner.forward([{ cache, tokens, kind: 'read', logitRows: 1 }]);
    for (const kept of [0, 1, 16, 31, 32]) {
      cache.truncate(kept);
      const [logits = []] = await runner.forward([{ cache, tokens: tokens.slice(kept), kind: 'read', logitRows: 1 }]);
      expect(distance(logits, [whole && Float64Array.from(whole)])).toBeLessThan(1e-3);
    }
    cache.dispose();
  });

  it('takes no drafts: their numbers would not be the same', () => {
    expect(runner.longestDraft).toBe(0);
  });

  it('writes the same numbers alone and in company', async () => {
    const caches = [runner.createCache(), runner.createCache(), runner.createCache(), runner.createCache()];
    for (const [at, cache] of caches.entries()) {
      await runner.forward([{ cache, tokens: someTokens(9 + 7 * at, at), kind: 'read', logitRows: 0 }]);
    }
    const write = async (indexes: readonly number[]) => {
      for (const [at, cache] of caches.entries()) cache.truncate(9 + 7 * at);
      const cachesOf = indexes.flatMap((index) => caches[index] ?? []);
      return runner.forward(cachesOf.map((cache) => ({ cache, tokens: [65], kind: 'write', logitRows: 1 })));
    };
    const together = await write([0, 1, 2, 3]);
    for (const index of [0, 1, 2, 3]) expect((await write([index]))[0]).toEqual(together[index]);
    const [third, first] = await write([2, 0]);
    expect([third, first]).toEqual([together[2], together[0]]);
    caches.forEach((cache) => cache.dispose());
  });
});

describe.each(exactHere.flatMap((integers) => (['native', 'worker'] as const).map((prefer) => ({ integers, prefer }))))(
  'OnnxRunner with 8-bit rows of $integers over the $prefer runtime',
  ({ integers, prefer }) => {
    let runner: OnnxRunner;

    beforeAll(async () => {
      runner = await load({ weights: `int8-row of ${integers}`, prefer, context: 96, slots: 4 });
    }, 30_000);

    afterAll(() => runner.dispose());

    it('gives what the reference gives, but for 8 bits', async () => {
      const tokens = someTokens(60, 21);
      const cache = runner.createCache();
      await runner.forward([{ cache, tokens: tokens.slice(0, 32), kind: 'read', logitRows: 0 }]);
      const [read = []] = await runner.forward([{ cache, tokens: tokens.slice(32, 59), kind: 'read', logitRows: 1 }]);
      const [written = []] = await runner.forward([{ cache, tokens: tokens.slice(59), kind: 'write', logitRows: 1 }]);
      const expected = referenceLogits(model, tokens);
      expect(similarity(read[0], expected[58])).toBeGreaterThan(0.998);
      expect(similarity(written[0], expected[59])).toBeGreaterThan(0.998);
      cache.dispose();
    });

    it('checks drafts with the very numbers of tokens written one by one', async () => {
      const tokens = someTokens(60, 12);
      const cache = runner.createCache();
      await runner.forward([{ cache, tokens: tokens.slice(0, 20), kind: 'read', logitRows: 0 }]);
      const single: Float32Array[] = [];
      for (let at = 20; at < 53; at++) {
        const [rows = []] = await runner.forward([{ cache, tokens: [tokens[at] ?? 0], kind: 'write', logitRows: 1 }]);
        single.push(...rows);
      }
      expect(runner.longestDraft).toBeGreaterThanOrEqual(16);
      for (const drafts of [1, 2, 7, 16, 32]) {
        cache.truncate(20);
        const item = { cache, tokens: tokens.slice(20, 21 + drafts), kind: 'write', logitRows: 1 + drafts } as const;
        const [rows] = await runner.forward([item]);
        expect(rows).toEqual(single.slice(0, 1 + drafts));
      }
      cache.dispose();
    });

    it('writes the same numbers alone, with drafts and in company', async () => {
      const caches = [0, 1, 2, 3].map(() => runner.createCache());
      const lengthOf = (at: number) => 9 + 7 * at;
      for (const [at, cache] of caches.entries()) {
        await runner.forward([{ cache, tokens: someTokens(lengthOf(at), at), kind: 'read', logitRows: 0 }]);
      }
      const write = async (indexes: readonly number[]) => {
        for (const [at, cache] of caches.entries()) cache.truncate(lengthOf(at));
        const chosen = indexes.flatMap((index) => caches[index] ?? []);
        return runner.forward(chosen.map((cache) => ({ cache, tokens: [65], kind: 'write', logitRows: 1 })));
      };
      const together = await write([0, 1, 2, 3]);
      for (const index of [0, 1, 2, 3]) expect((await write([index]))[0]).toEqual(together[index]);
      expect(await write([3, 1])).toEqual([together[3], together[1]]);
      caches.forEach((cache) => cache.dispose());
    });

    it('reads the very same numbers wherever reading begins, also behind another reader', async () => {
      const tokens = someTokens(80, 10);
      const [cache, other] = [runner.createCache(), runner.createCache()];
      const read = (of: typeof cache, from: number, to = 80) =>
        runner.forward([{ cache: of, tokens: tokens.slice(from, to), kind: 'read', logitRows: 1 }]);
      const [whole] = await read(cache, 0);
      for (const kept of [0, 1, 16, 33, 78, 79]) {
        cache.truncate(kept);
        await read(other, other.length, other.length + 3);
        expect((await read(cache, kept))[0]).toEqual(whole);
      }
      for (const kept of [2, 50, 79]) {
        cache.truncate(kept);
        expect((await read(cache, kept))[0]).toEqual(whole);
      }
      cache.dispose();
      other.dispose();
    });

    it('goes on reading behind what was written', async () => {
      const tokens = someTokens(60, 14);
      const cache = runner.createCache();
      await runner.forward([{ cache, tokens: tokens.slice(0, 30), kind: 'read', logitRows: 0 }]);
      for (let at = 30; at < 40; at++) {
        await runner.forward([{ cache, tokens: [tokens[at] ?? 0], kind: 'write', logitRows: 0 }]);
      }
      const [rows = []] = await runner.forward([{ cache, tokens: tokens.slice(40), kind: 'read', logitRows: 1 }]);
      expect(similarity(rows[0], referenceLogits(model, tokens).at(-1))).toBeGreaterThan(0.998);
      cache.dispose();
    });
  },
);

describe('Engine over OnnxRunner', () => {
  backendContract(
    { it, expect },
    async () => new Engine(await load({ weights: 'int8-row of uint8', context: 128, slots: 2 })),
  );
});

function load(options: { weights: string; prefer?: 'native' | 'worker'; context: number; slots: number }) {
  const { weights, ...rest } = options;
  return loadOnnxRunner({ id: 'tiny', directory: join(folder, weights), ...rest });
}

function someTokens(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, at) => (seed * 101 + at * 37 + ((at * at) % 11)) % 256);
}

function last(tokens: readonly number[] | undefined): number {
  return tokens?.at(-1) ?? 0;
}

/** The largest difference of two lists of logits; NaN, which is less than nothing, when they don't match. */
function distance(
  received: readonly (Float32Array | undefined)[],
  expected: readonly (ArrayLike<number> | undefined)[],
): number {
  if (received.length !== expected.length) return NaN;
  const distances = received.flatMap((logits, row) =>
    Array.from(logits ?? [NaN], (logit, at) => Math.abs(logit - (expected[row]?.[at] ?? NaN))),
  );
  return Math.max(...distances);
}

/** The cosine of the angle between two rows of logits. */
function similarity(received: Float32Array | undefined, expected: ArrayLike<number> | undefined): number {
  const [a, b] = [Array.from(received ?? []), Array.from(expected ?? [])];
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? NaN), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
