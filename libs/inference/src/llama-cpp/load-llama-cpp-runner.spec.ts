import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageVersion } from '@mcli/llama-cpp';
import { writeTinyGguf } from '@mcli/llama-cpp/testing';
import type { TinyArchitectureName, TinyGgufOptions } from '@mcli/llama-cpp/testing';
import { Engine } from '../engine/engine.js';
import { loadLlamaCppRunner } from './load-llama-cpp-runner.js';
import type { LoadLlamaCppRunnerOptions } from './load-llama-cpp-runner.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-llama-load-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function load(
  name: TinyArchitectureName,
  options: Partial<LoadLlamaCppRunnerOptions> = {},
  file: TinyGgufOptions = {},
) {
  const path = join(folder, `${name}.gguf`);
  await writeTinyGguf(path, name, { contextLength: 8192, ...file });
  return loadLlamaCppRunner({ id: 'tiny', path, threads: 1, ...options });
}

/** Bytes of a position of a tiny llama: two layers, keys and values of one head of 32 numbers. */
const numbersPerPosition = 2 * 2 * 32;
const mebibyte = 2 ** 20;

describe('the plan of the memory', () => {
  it('gives 8 slots of the whole context where they fit', async () => {
    const { runner, placement } = await load('llama');
    expect(runner).toMatchObject({ slots: 8, longestDraft: 0, exactRows: false });
    expect(runner.card).toMatchObject({ id: 'tiny', contextLength: 8192, slots: 8 });
    expect(runner.cacheBytes).toBe(8 * 8192 * numbersPerPosition * 2);
    expect(placement).toMatchObject({ gpuLayers: 0, layers: 2, gpus: [], cacheType: 'f16' });
    expect(placement.package).toContain('@node-llama-cpp/');
    expect(placement.version).toMatch(/^\d+\.\d+/);
    expect(packageVersion).toMatch(/^\d+\.\d+\.\d+$/);
    await runner.dispose();
  });

  it('shrinks what was not asked for: the context first, then the slots', async () => {
    const perPosition = numbersPerPosition * 2;
    const context = await load('llama', { kvCacheBytes: 8 * 3000 * perPosition });
    expect(context.runner.card).toMatchObject({ contextLength: 3000, slots: 8 });
    await context.runner.dispose();
    const slots = await load('llama', { kvCacheBytes: 3 * 2048 * perPosition });
    expect(slots.runner.card).toMatchObject({ contextLength: 2048, slots: 3 });
    await slots.runner.dispose();
  });

  it('takes 8 bits where 16 do not fit, and only then', async () => {
    const request = { context: 4096, slots: 4 };
    const numbers = 4 * 4096 * numbersPerPosition;
    const cacheTypeOf = async (kvCacheBytes: number) => {
      const { runner, placement } = await load('llama', { ...request, kvCacheBytes });
      const bytes = runner.cacheBytes;
      await runner.dispose();
      return [placement.cacheType, bytes];
    };
    expect(await cacheTypeOf(numbers * 2)).toEqual(['f16', numbers * 2]);
    expect(await cacheTypeOf(numbers * 2 - 1)).toEqual(['q8_0', (numbers * 34) / 32]);
    expect(await cacheTypeOf((numbers * 34) / 32)).toEqual(['q8_0', (numbers * 34) / 32]);
  });

  it.each([
    ['more slots than fit in 8 bits', {}],
    ['heads that do not fit the blocks of 8 bits', { heads: 4 }],
  ])('says in MiB what does not fit: %s', async (_, file) => {
    const bytes = 'heads' in file ? 2 : 34 / 32;
    const perPosition = ('heads' in file ? numbersPerPosition / 2 : numbersPerPosition) * bytes;
    const needed = Math.ceil((8 * 4096 * perPosition) / mebibyte);
    const loading = load('llama', { context: 4096, slots: 8, kvCacheBytes: 3 * mebibyte }, file);
    await expect(loading).rejects.toMatchObject({
      name: 'InferenceError',
      code: 'unsupported',
      message: `8 slots of 4096 tokens need ${needed} MiB for the KV cache; 3 MiB are free for it. Ask for fewer slots or a smaller context.`,
    });
  });

  it('refuses a longer context than the model has', async () => {
    await expect(load('llama', { context: 9000 })).rejects.toMatchObject({
      code: 'unsupported',
      message: 'A context of 9000 tokens was asked for; the model holds 8192.',
    });
  });

  it('counts nothing for a model that keeps a state', async () => {
    const { runner, placement } = await load('mamba', { kvCacheBytes: 1 });
    expect([runner.cacheBytes, runner.card.contextLength, runner.slots]).toEqual([0, 8192, 8]);
    expect(placement.cacheType).toBe('f16');
    await runner.dispose();
  });
});

describe('loadLlamaCppRunner', () => {
  it('refuses a model that writes no text, in one sentence', async () => {
    await expect(load('bert')).rejects.toMatchObject({
      name: 'InferenceError',
      code: 'unsupported',
      message: "'tiny' makes embeddings and writes no text.",
    });
  });

  it('passes on why a file is no model', async () => {
    const path = join(folder, 'noise.gguf');
    await writeFile(path, 'noise');
    await expect(loadLlamaCppRunner({ id: 'noise', path })).rejects.toThrow('noise.gguf');
    await expect(loadLlamaCppRunner({ id: 'missing', path: join(folder, 'missing.gguf') })).rejects.toThrow();
    const strange = load('llama', {}, { metadata: { 'general.architecture': ['string', 'strange'] } });
    await expect(strange).rejects.toThrow(/strange/);
  });

  it('frees the model when no context can be made for it', async () => {
    const loading = load('llama', { threads: 0 });
    await expect(loading).rejects.toMatchObject({ code: 'invalid_argument' });
    const { runner } = await load('llama');
    await runner.dispose();
  });

  it('takes what the file recommends for sampling, unless something else is given', async () => {
    const metadata = { 'general.sampling.temp': ['f32', 0.5], 'general.sampling.top_k': ['i32', 7] } as const;
    const { runner } = await load('llama', {}, { metadata: { ...metadata } });
    expect(runner.card.recommendedSampling).toMatchObject({ temperature: 0.5, topK: 7 });
    await runner.dispose();
    const other = await load('llama', { recommendedSampling: { temperature: 0 } }, { metadata: { ...metadata } });
    expect(other.runner.card.recommendedSampling).toEqual({ temperature: 0 });
    await other.runner.dispose();
  });

  it('passes on the log', async () => {
    const lines: string[] = [];
    const { runner } = await load('llama', { onLog: ({ level, text }) => lines.push(`${level} ${text}`) });
    await runner.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines.some((line) => line.startsWith('info ') && line.includes('KV buffer size'))).toBe(true);
    const heard = lines.length;
    await (await load('llama')).runner.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    // Nobody listens any more when the runner is gone.
    expect(lines.length).toBe(heard);
  });
});

describe('an answer', () => {
  const prompt = Array.from({ length: 4000 }, (_, at) => 20 + ((at * 37) % 200));

  it.each([512, 16])(
    'is cancelled inside chunks of %d tokens and between them; the next one is right',
    async (longestChunk) => {
      const { runner } = await load('llama', { longestChunk, slots: 2 }, { layers: 8 });
      const engine = new Engine(runner);
      const ask = async (tokens: readonly number[], signal?: AbortSignal): Promise<string> => {
        let text = '';
        const request = { model: 'tiny', prompt: tokens, maxTokens: 8, sampling: { temperature: 0 }, signal };
        for await (const event of engine.generate(request)) if (event.type === 'text-delta') text += event.text;
        return text;
      };
      const expected = await ask(prompt.slice(0, 50));
      for (const delay of [0, 1, 5, 20]) {
        const controller = new AbortController();
        const reason = new Error('enough');
        const failing = ask(prompt, controller.signal);
        setTimeout(() => controller.abort(reason), delay);
        await expect(failing).rejects.toBe(reason);
        expect(await ask(prompt.slice(0, 50))).toBe(expected);
      }
      expect(engine.stats().running).toBe(0);
      await engine.close();
    },
  );
});
