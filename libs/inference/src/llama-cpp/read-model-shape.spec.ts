import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLlamaCpp } from '@mcli/llama-cpp';
import { tinyArchitectures, tinyGguf, writeTinyGguf } from '@mcli/llama-cpp/testing';
import type { TinyArchitectureName, TinyGgufOptions } from '@mcli/llama-cpp/testing';
import { readGgufHeader } from '@mcli/model-builder';
import { readModelShape } from './read-model-shape.js';

const architectures = Object.keys(tinyArchitectures) as TinyArchitectureName[];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-model-shape-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: TinyArchitectureName, options: TinyGgufOptions = {}) {
  const path = join(folder, `${name}.gguf`);
  await writeTinyGguf(path, name, options);
  return { path, shape: readModelShape(await readGgufHeader(path)) };
}

/** MiB of keys and values that llama.cpp says it takes, summed over its caches. */
async function cacheOf(path: string, context: { positions: number; sequences: number; cacheType: 'f16' | 'q8_0' }) {
  const library = await loadLlamaCpp();
  let sum = 0;
  const stop = library.onLog(({ text }) => (sum += Number(/ KV buffer size = +([\d.]+) MiB/.exec(text)?.[1] ?? 0)));
  const model = await library.loadModel(path);
  await model.createContext({ ...context, threads: 1, batchTokens: 64 });
  // Lines come after the call that logged them.
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  await model.dispose();
  return sum;
}

describe('readModelShape', () => {
  it.each(architectures)('counts what llama.cpp takes for keys and values: %s', async (name) => {
    const { path, shape } = await write(name, { kvHeads: 2, layers: 4, contextLength: 4096 });
    const isKept = name !== 'mamba' && name !== 'bert';
    for (const [cacheType, bytes] of [
      ['f16', 2],
      ['q8_0', 34 / 32],
    ] as const) {
      const expected = isKept ? await cacheOf(path, { positions: 4096, sequences: 3, cacheType }) : 0;
      if (isKept) expect(expected).toBeGreaterThan(1);
      const counted = (shape.numbersPerPosition * bytes * 4096 * 3) / 2 ** 20;
      // The log has two digits behind the point for each cache.
      if (name !== 'bert') expect(Math.abs(counted - expected)).toBeLessThan(0.03);
    }
  });

  it.each(architectures)('knows layers, context, and the bytes of all weights: %s', async (name) => {
    const { shape } = await write(name, { format: 'Q8_0' });
    expect([shape.layers, shape.contextLength]).toEqual([name.startsWith('gemma') ? 4 : 2, 256]);
    const { tensors } = tinyGguf(name, { format: 'Q8_0' });
    // Each tensor is followed by up to 31 bytes of nothing, which count as its own.
    const expectBytes = (received: number | undefined, expected: typeof tensors): void => {
      const bytes = expected.reduce((sum, tensor) => sum + tensor.bytes.length, 0);
      expect(received).toBeGreaterThanOrEqual(bytes);
      expect(received).toBeLessThan(bytes + 32 * expected.length);
    };
    expect([...shape.layerBytes.keys()].sort((a, b) => a - b)).toEqual([-1, ...Array(shape.layers).keys()]);
    const layerOf = (tensor: string): number => Number(/^blk\.(\d)\./.exec(tensor)?.[1] ?? -1);
    for (const [layer, bytes] of shape.layerBytes)
      expectBytes(
        bytes,
        tensors.filter((tensor) => layerOf(tensor.name) === layer),
      );
  });

  it('knows whether rows fit the blocks of 8-bit caches', async () => {
    const fits = ({ rowSizes }: { rowSizes: readonly number[] }) => rowSizes.every((size) => size % 32 === 0);
    expect(fits((await write('llama')).shape)).toBe(true);
    expect(fits((await write('llama', { heads: 4 })).shape)).toBe(false);
    expect(fits((await write('lfm2')).shape)).toBe(true);
    expect((await write('mamba')).shape).toMatchObject({ rowSizes: [], numbersPerPosition: 0 });
  });
});
