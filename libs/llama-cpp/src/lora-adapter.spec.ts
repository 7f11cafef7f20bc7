import { copyFile, writeFile } from 'node:fs/promises';
import { writeTinyAdapter } from './testing/index.js';
import { TinyModels, append, distance, someTokens } from './testing/tiny-models.js';

let models: TinyModels;
beforeAll(async () => {
  models = await TinyModels.create();
  await writeTinyAdapter(models.path('one.gguf'), 'llama', { seed: 1 });
  await writeTinyAdapter(models.path('two.gguf'), 'llama', { seed: 2, rank: 8 });
});
afterAll(() => models.remove());

const options = { positions: 256, threads: 1 };

describe('an adapter', () => {
  it('changes what is computed while it is in use, as much as its scale says', async () => {
    const model = await models.load('llama');
    const context = await model.createContext(options);
    const [one, two] = [
      await model.loadAdapter(models.path('one.gguf')),
      await model.loadAdapter(models.path('two.gguf')),
    ];
    const answer = async (...adapters: Parameters<typeof context.useAdapters>[0]) => {
      context.useAdapters(adapters);
      context.clear();
      return append(context, someTokens(12));
    };
    const bare = await answer();
    const full = await answer({ adapter: one, scale: 1 });
    const half = await answer({ adapter: one, scale: 0.5 });
    expect(distance(full, bare)).toBeGreaterThan(0.5);
    expect(distance(half, bare)).toBeGreaterThan(0.1);
    expect(distance(half, full)).toBeGreaterThan(0.1);
    const both = await answer({ adapter: one, scale: 1 }, { adapter: two, scale: 1 });
    expect(distance(both, full)).toBeGreaterThan(0.5);
    expect(await answer({ adapter: two, scale: 1 }, { adapter: one, scale: 1 })).toEqual(both);
    expect(await answer({ adapter: one, scale: 0 })).toEqual(bare);
    expect(await answer({ adapter: one, scale: 1 })).toEqual(full);
    expect(await answer()).toEqual(bare);
    // Another context of the model is not concerned.
    context.useAdapters([{ adapter: one, scale: 1 }]);
    expect(await append(await model.createContext(options), someTokens(12))).toEqual(bare);
  });

  it('is freed with its model, in use or not', async () => {
    const model = await models.load('llama');
    const context = await model.createContext(options);
    const adapter = await model.loadAdapter(models.path('one.gguf'));
    await model.loadAdapter(models.path('two.gguf'));
    context.useAdapters([{ adapter, scale: 1 }]);
    await append(context, someTokens(3));
    await Promise.all([model.dispose(), context.dispose()]);
    expect(() => context.useAdapters([])).toThrow(expect.objectContaining({ code: 'disposed' }));
    await expect(model.loadAdapter(models.path('one.gguf'))).rejects.toMatchObject({ code: 'disposed' });
    const next = await models.load('llama');
    const refused = expect.objectContaining({ code: 'invalid_argument' });
    expect(async () => (await next.createContext(options)).useAdapters([{ adapter, scale: 1 }])).rejects.toThrow(
      refused,
    );
  });

  it('may still be loading when its model is disposed of', async () => {
    const model = await models.load('llama');
    const loading = model.loadAdapter(models.path('one.gguf'));
    await Promise.all([model.dispose(), expect(loading).rejects.toMatchObject({ code: 'disposed' })]);
  });

  it('is not used with another model, twice, or with a scale that is no number', async () => {
    const [model, other] = [await models.load('llama'), await models.load('llama')];
    const adapter = await model.loadAdapter(models.path('one.gguf'));
    const [context, foreign] = [await model.createContext(options), await other.createContext(options)];
    const refused = expect.objectContaining({ code: 'invalid_argument' });
    expect(() => foreign.useAdapters([{ adapter, scale: 1 }])).toThrow(refused);
    for (const scale of [NaN, Infinity]) expect(() => context.useAdapters([{ adapter, scale }])).toThrow(refused);
    const twice = [
      { adapter, scale: 1 },
      { adapter, scale: 2 },
    ];
    expect(() => context.useAdapters(twice)).toThrow(refused);
    context.useAdapters([{ adapter, scale: 1 }]);
    await append(context, someTokens(3));
  });

  it('that does not fit, or is none, is refused with the reason', async () => {
    const model = await models.load('llama');
    await writeTinyAdapter(models.path('qwen.gguf'), 'qwen2');
    await writeTinyAdapter(models.path('wide.gguf'), 'llama', { columns: 128 });
    await writeFile(models.path('text.gguf'), 'no model');
    await models.load('llama').then(() => copyFile(models.path('llama-0.gguf'), models.path('model.gguf')));
    const refused = async (name: string, message: RegExp) =>
      expect(model.loadAdapter(models.path(name))).rejects.toMatchObject({
        name: 'LlamaCppError',
        code: 'invalid_model',
        message: expect.stringMatching(message) as string,
      });
    await refused('qwen.gguf', /^qwen.gguf: .*arch mismatch/);
    await refused('wide.gguf', /^wide.gguf: .*incorrect shape/);
    await refused('model.gguf', /^model.gguf: .*'adapter'/);
    await refused('text.gguf', /^text.gguf: /);
    await expect(model.loadAdapter(models.path('missing.gguf'))).rejects.toMatchObject({ code: 'model_not_found' });
  });
});
