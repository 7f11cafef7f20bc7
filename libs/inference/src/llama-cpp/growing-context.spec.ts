import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaContext, LlamaModel } from '@mcli/llama-cpp';
import { loadLlamaCpp } from '@mcli/llama-cpp';
import { tinyArchitectures, writeTinyGguf } from '@mcli/llama-cpp/testing';
import type { TinyArchitectureName } from '@mcli/llama-cpp/testing';
import { GrowingContext } from './growing-context.js';

const writers = (Object.keys(tinyArchitectures) as TinyArchitectureName[]).filter((name) => name !== 'bert');
const options = { positions: 6000, sequences: 3, threads: 1, batchTokens: 512 };

let folder: string;
const models: LlamaModel[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-growing-'));
});
afterAll(async () => {
  await Promise.all(models.map((model) => model.dispose()));
  await rm(folder, { recursive: true, force: true });
});

async function load(name: TinyArchitectureName): Promise<LlamaModel> {
  const path = join(folder, `${name}.gguf`);
  await writeTinyGguf(path, name, { contextLength: 6144, layers: 2 });
  const model = await (await loadLlamaCpp()).loadModel(path);
  models.push(model);
  return model;
}

const someTokens = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, at) => 20 + ((seed * 101 + at * 37 + ((at * at) % 11)) % 200));

/** Appends to a sequence, and gives the logits after the last token. */
async function append(context: LlamaContext, sequence: number, tokens: readonly number[]): Promise<Float32Array> {
  const batch = context.createBatch();
  const start = (context.rangeOf(sequence)?.last ?? -1) + 1;
  let index = 0;
  for (const [at, token] of tokens.entries()) {
    if (!batch.hasRoom(false)) {
      await context.decode(batch);
      batch.clear();
    }
    index = batch.add(token, start + at, sequence, at === tokens.length - 1);
  }
  await context.decode(batch);
  return context.logitsAt(index).slice();
}

const distance = (one: Float32Array, other: Float32Array): number =>
  Math.max(...one.map((value, at) => Math.abs(value - (other[at] ?? NaN))));

describe('GrowingContext', () => {
  it.each(writers)('grows with several sequences in it, as if it had been large from the start: %s', async (name) => {
    const model = await load(name);
    const growing = await GrowingContext.create(model, options);
    const large = await model.createContext(options);
    expect(growing.positions).toBe(6000);
    // A state has one size.
    expect(growing.current.positions).toBe(model.memory === 'state' ? large.positions : 1024);
    const both = async (sequence: number, tokens: readonly number[]): Promise<void> => {
      await growing.reserve((growing.current.rangeOf(sequence)?.last ?? -1) + 1 + tokens.length);
      const received = await append(growing.current, sequence, tokens);
      expect(distance(received, await append(large, sequence, tokens))).toBeLessThan(0.25);
    };
    await both(0, someTokens(100, 1));
    await both(2, someTokens(700, 2));
    const sizes = new Set<number>();
    for (const [count, sequence] of [
      [1000, 0],
      [900, 2],
      [500, 2],
    ] as const) {
      await both(sequence, someTokens(count, 3));
      sizes.add(growing.current.positions);
    }
    if (model.memory !== 'state') expect([...sizes]).toEqual([2048, 4096]);
    const lasts = (context: LlamaContext) => [0, 1, 2].map((sequence) => context.rangeOf(sequence)?.last);
    expect(lasts(growing.current)).toEqual(lasts(large));
    // An empty one stayed empty, and the others can be cut back, but in layers with a window.
    await both(1, someTokens(5, 4));
    expect(growing.current.canRemove(2, 200)).toBe(model.memory === 'cache' && model.slidingWindow === 0);
    if (growing.current.canRemove(2, 200)) {
      for (const context of [growing.current, large]) expect(context.remove(2, 200)).toBe(true);
      await both(2, someTokens(5, 5));
    }
    await growing.dispose();
    await growing.dispose();
    await large.dispose();
  });

  it('takes no more than is asked for, and nothing when there is room', async () => {
    const model = await load('llama');
    const growing = await GrowingContext.create(model, { ...options, positions: 3000 });
    const first = growing.current;
    await growing.reserve(1024);
    expect(growing.current).toBe(first);
    await growing.reserve(1025);
    expect(growing.current.positions).toBe(2048);
    expect(() => first.rangeOf(0)).toThrow(expect.objectContaining({ code: 'disposed' }));
    await growing.reserve(2500);
    // 3000, up to a multiple of 256.
    expect(growing.current.positions).toBe(3072);
    const small = await GrowingContext.create(model, { ...options, positions: 300 });
    expect(small.current.positions).toBe(512);
    await Promise.all([growing.dispose(), small.dispose()]);
  });

  it.each(['llama', 'gemma3'] as const)('is as it was when it can not grow: %s', async (name) => {
    const model = await load(name);
    const growing = await GrowingContext.create(model, options);
    await append(growing.current, 1, someTokens(50, 1));
    const before = growing.current;
    const createContext = model.createContext.bind(model);
    const made: LlamaContext[] = [];
    const failures = [
      // Before there is a larger one, and while it takes over.
      () => Promise.reject(new Error('no memory')),
      async (wanted: Parameters<typeof createContext>[0]) => {
        const context = await createContext(wanted);
        made.push(context);
        context.restore = () => Promise.reject(new Error('no memory'));
        return context;
      },
    ];
    for (const failure of failures) {
      model.createContext = failure;
      await expect(growing.reserve(3000)).rejects.toThrow('no memory');
      expect(growing.current).toBe(before);
      expect(before.rangeOf(1)).toEqual({ first: 0, last: 49 });
    }
    // What had been made was freed.
    expect(made).toHaveLength(1);
    for (const context of made) expect(() => context.rangeOf(0)).toThrow(expect.objectContaining({ code: 'disposed' }));
    model.createContext = createContext;
    const large = await model.createContext(options);
    await append(large, 1, someTokens(50, 1));
    await growing.reserve(3000);
    expect(distance(await append(growing.current, 1, [40]), await append(large, 1, [40]))).toBeLessThan(0.25);
    await Promise.all([growing.dispose(), large.dispose()]);
  });
});
