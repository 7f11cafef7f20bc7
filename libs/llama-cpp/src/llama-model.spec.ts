import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tinyArchitectures, writeTinyGguf } from './testing/index.js';
import type { TinyArchitectureName } from './testing/index.js';
import { loadLlamaCpp } from './load-llama-cpp.js';
import { TinyModels, append, distance, someTokens } from './testing/tiny-models.js';

let models: TinyModels;
beforeAll(async () => {
  models = await TinyModels.create();
});
afterAll(() => models.remove());

const architectures = Object.keys(tinyArchitectures) as TinyArchitectureName[];

describe('a model', () => {
  it.each(architectures)('says what it is: %s', async (name) => {
    const model = await models.load(name, { format: 'Q8_0' });
    const [layers, window] = name.startsWith('gemma') ? [4, 16] : [2, 0];
    expect(model).toMatchObject({
      contextLength: 256,
      layers,
      embeddingSize: 64,
      slidingWindow: window,
      memory: { mamba: 'state', lfm2: 'both' }[name as string] ?? 'cache',
      kind: name === 'bert' ? 'encoder' : 'decoder',
    });
    expect(model.description).toContain('Q8_0');
    expect(model.parameters).toBeGreaterThan(20_000);
    expect(model.size).toBeGreaterThan(model.parameters);
    expect(model.size).toBeLessThan(4 * model.parameters);
    expect(model.metadata.get('general.architecture')).toBe(name);
    expect(model.metadata.get(`${name}.block_count`)).toBe(String(layers));
    expect(model.chatTemplate?.includes('<|im_start|>')).toBe(name === 'bert' ? undefined : true);
  });

  it('gives metadata of any length and in any language whole', async () => {
    const long = 'Größe 👋 '.repeat(200);
    const metadata = { 'general.name': ['string', long], 'general.url': ['string', ''] } as const;
    const model = await models.load('llama', { metadata: { ...metadata } });
    expect([model.metadata.get('general.name'), model.metadata.get('general.url')]).toEqual([long, '']);
    expect(model.metadata.has('tokenizer.ggml.tokens')).toBe(false);
  });

  it('may be of its vocabulary alone', async () => {
    const path = models.path('words.gguf');
    await writeTinyGguf(path, 'qwen2');
    const model = await (await loadLlamaCpp()).loadModel(path, { vocabularyOnly: true });
    expect(model.vocabulary.tokenize('hello').length).toBeGreaterThan(0);
    expect(model.metadata.get('general.architecture')).toBe('qwen2');
    const message = expect.stringMatching(/only the vocabulary/) as string;
    await expect(model.createContext({ positions: 256, threads: 1 })).rejects.toMatchObject({
      code: 'invalid_argument',
      message,
    });
    await expect(model.loadAdapter(path)).rejects.toMatchObject({ code: 'invalid_model', message });
    await model.dispose();
  });

  it('is loaded twice without one touching the other', async () => {
    const path = models.path('twice.gguf');
    await writeTinyGguf(path, 'llama');
    const library = await loadLlamaCpp();
    const [first, second] = await Promise.all([library.loadModel(path), library.loadModel(path)]);
    const context = await second.createContext({ positions: 256, threads: 1 });
    const expected = await append(context, someTokens(5));
    await first.dispose();
    context.clear();
    expect(distance(await append(context, someTokens(5)), expected)).toBe(0);
    await second.dispose();
  });
});

describe('a file that is no model', () => {
  const refused = async (path: string, code: string, message: RegExp, options = {}) =>
    expect((await loadLlamaCpp()).loadModel(path, options)).rejects.toMatchObject({
      name: 'LlamaCppError',
      code,
      message: expect.stringMatching(message) as string,
    });

  it('is told by name, with the reason that llama.cpp gives, but not where it is', async () => {
    const whole = models.path('whole.gguf');
    await writeTinyGguf(whole, 'llama');
    const bytes = await readFile(whole);
    const write = async (name: string, content: Uint8Array | string) => {
      await writeFile(models.path(name), content);
      return models.path(name);
    };
    await refused(models.path('missing.gguf'), 'model_not_found', /^missing.gguf: there is no such file/);
    await refused(`${whole}\0`, 'model_not_found', /no such file/);
    await refused(await write('empty.gguf', ''), 'invalid_model', /^empty.gguf: ./);
    await refused(await write('text.gguf', 'No model at all.'), 'invalid_model', /^text.gguf: .*magic/);
    await refused(
      await write('half.gguf', bytes.subarray(0, bytes.length / 2)),
      'invalid_model',
      /^half.gguf: .*bounds/,
    );
    await refused(await write('head.gguf', bytes.subarray(0, 300)), 'invalid_model', /^head.gguf: ./);
    await mkdir(models.path('folder.gguf'));
    await refused(models.path('folder.gguf'), 'invalid_model', /^folder.gguf: ./);
    const strange = models.path('strange.gguf');
    await writeTinyGguf(strange, 'llama', { metadata: { 'general.architecture': ['string', 'strange'] } });
    await refused(strange, 'invalid_model', /^strange.gguf: unknown model architecture: 'strange'/);
  });

  it.each([-1, 0.5, NaN, 2 ** 31])('nor are %p layers computed on a GPU', async (gpuLayers) => {
    await refused(models.path('whole.gguf'), 'invalid_argument', /^gpuLayers must be/, { gpuLayers });
  });

  it('does not keep others from being loaded', async () => {
    const library = await loadLlamaCpp();
    const path = models.path('sound.gguf');
    await writeTinyGguf(path, 'llama');
    await writeFile(models.path('noise.gguf'), 'noise');
    const [wrong, right] = await Promise.allSettled([
      library.loadModel(models.path('noise.gguf')),
      library.loadModel(path),
    ]);
    expect([wrong.status, right.status]).toEqual(['rejected', 'fulfilled']);
    if (right.status === 'fulfilled') await right.value.dispose();
  });
});

describe('a context that does not fit the model', () => {
  it('is refused, with the reason that llama.cpp gives', async () => {
    // Heads of 16 numbers: blocks of the 8-bit type have 32.
    const model = await models.load('llama', { heads: 4 });
    const made = model.createContext({ positions: 256, threads: 1, cacheType: 'q8_0' });
    await expect(made).rejects.toMatchObject({
      name: 'LlamaCppError',
      code: 'invalid_argument',
      message: expect.stringMatching(/: no context could be made: ./) as string,
    });
  });
});
