import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '@mcli/model-builder';
import type { TinyModel } from '@mcli/model-builder/testing';
import { referenceLogits, writeTinyGguf } from '@mcli/model-builder/testing';
import { Engine } from '../engine/engine.js';
import { backendContract } from '../testing/index.js';
import { loadOnnxRunner } from './load-onnx-runner.js';
import type { OnnxRunner } from './onnx-runner.js';

let folder: string;
let model: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-runner-'));
  model = await writeTinyGguf(join(folder, 'tiny.gguf'), { seed: 5 });
  const source = join(folder, 'tiny.gguf');
  await buildModel({ source, directory: join(folder, 'float32'), weights: 'float32' });
  await buildModel({ source, directory: join(folder, 'int8'), weights: 'int8-block32' });
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

describe('OnnxRunner with 8-bit weights', () => {
  let runner: OnnxRunner;

  beforeAll(async () => {
    runner = await load({ weights: 'int8', context: 64, slots: 4 });
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

  it('checks drafts with the numbers that it reads with, row by row', async () => {
    const tokens = someTokens(24, 12);
    const cache = runner.createCache();
    const item = { cache, tokens, kind: 'read', logitRows: 9 } as const;
    const [whole = []] = await runner.forward([item]);
    cache.truncate(15);
    const [rows = []] = await runner.forward([{ ...item, tokens: tokens.slice(15), kind: 'write' }]);
    expect([rows.length, whole.length, cache.length]).toEqual([9, 9, 24]);
    for (const [at, row] of rows.entries()) {
      expect(distance([row], [whole[at]])).toBeLessThan(1e-3);
      cache.truncate(0);
      const [alone = []] = await runner.forward([{ ...item, tokens: tokens.slice(0, 16 + at), logitRows: 1 }]);
      expect(distance([row], alone)).toBeLessThan(1e-3);
    }
    cache.dispose();
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

describe('Engine over OnnxRunner', () => {
  backendContract({ it, expect }, async () => new Engine(await load({ weights: 'int8', context: 128, slots: 2 })));
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
