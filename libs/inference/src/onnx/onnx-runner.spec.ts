import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, exactIntegers } from '@mcli/model-builder';
import type { TinyModel } from '@mcli/model-builder/testing';
import { referenceLogits, writeTinyGguf } from '@mcli/model-builder/testing';
import { Engine } from '../engine/engine.js';
import { backendContract, runnerContract } from '../testing/index.js';
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
  runnerContract({ it, expect }, () => load({ weights: 'float32', prefer, context: 64, slots: 3 }), {
    reference: (tokens) => referenceLogits(model, tokens).at(-1) ?? [],
    tolerance: 1e-3,
    tokens: someTokens,
  });
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

    it('takes drafts, whose numbers are the same', () => {
      expect([runner.exactRows, runner.longestDraft >= 16]).toEqual([true, true]);
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

// Where reading and writing, which take different ways, may differ by what 8 bits of a cache can't tell.
describe.each(exactHere.flatMap((integers) => (['native', 'worker'] as const).map((prefer) => ({ integers, prefer }))))(
  'OnnxRunner with 8-bit rows of $integers over the $prefer runtime keeps the contract',
  ({ integers, prefer }) => {
    const weights = `int8-row of ${integers}`;
    runnerContract({ it, expect }, () => load({ weights, prefer, context: 96, slots: 4 }), {
      tolerance: 0.5,
      tokens: someTokens,
    });
  },
);

describe('OnnxRunner with 8-bit weights in blocks keeps the contract', () => {
  runnerContract({ it, expect }, () => load({ weights: 'int8-block32', context: 64, slots: 4 }), {
    // Attention sums up in another order for other lengths; what else rounds differently shows as 0.01 and more.
    tolerance: 1e-3,
    tokens: someTokens,
  });
});

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
