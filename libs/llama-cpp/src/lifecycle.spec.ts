import type { LlamaContext } from './llama-context.js';
import type { LlamaModel } from './llama-model.js';
import { loadLlamaCpp } from './load-llama-cpp.js';
import { writeTinyGguf } from './testing/index.js';
import { TinyModels, append, someTokens } from './testing/tiny-models.js';

const options = { positions: 1024, threads: 1, passTokens: 512, batchTokens: 1024 };
const disposed = { name: 'LlamaCppError', code: 'disposed' };

let models: TinyModels;
beforeAll(async () => {
  models = await TinyModels.create();
});
afterAll(() => models.remove());

/** A model that takes some tenths of a second for 1000 tokens. */
const slowModel = () => models.load('llama', { layers: 24, feedForwardSize: 512, contextLength: 1024 });

/** A batch of 1000 tokens, and how it ended. */
function compute(context: LlamaContext, signal?: AbortSignal) {
  const batch = context.createBatch();
  for (const [at, token] of someTokens(1000).entries()) batch.add(token, at, 0, at === 999);
  return context.decode(batch, signal);
}

/** The time until a computation of its own has begun on another thread. */
const begun = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('a computation', () => {
  let model: LlamaModel;
  let context: LlamaContext;
  beforeAll(async () => {
    model = await slowModel();
  });
  beforeEach(async () => {
    context = await model.createContext(options);
  });
  afterEach(() => context.dispose());

  it('leaves the event loop free', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await compute(context);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it('does not begin when its signal was aborted before', async () => {
    await expect(compute(context, AbortSignal.abort('too late'))).rejects.toBe('too late');
    expect(context.rangeOf(0)).toBeUndefined();
  });

  it.each(['at once', 'in the middle'])(
    'is cut short when it is aborted %s, and the next one is right',
    async (when) => {
      const expected = await append(await model.createContext(options), someTokens(40));
      const abort = new AbortController();
      const reason = new Error('nobody reads any more');
      let isOver = false;
      const running = compute(context, abort.signal).finally(() => (isOver = true));
      if (when === 'in the middle') await begun();
      expect(isOver).toBe(false);
      abort.abort(reason);
      await expect(running).rejects.toBe(reason);
      // The second pass had not begun.
      expect(context.rangeOf(0)?.last ?? -1).toBeLessThan(999);
      context.remove(0);
      expect(await append(context, someTokens(40), 0, abort.signal).catch(() => 'refused')).toBe('refused');
      expect(await append(context, someTokens(40), 0, new AbortController().signal)).toEqual(expected);
    },
  );

  it('is not disturbed by a signal that is aborted when it has ended', async () => {
    const abort = new AbortController();
    await append(context, someTokens(3), 0, abort.signal);
    const next = compute(await model.createContext(options));
    abort.abort();
    await next;
    await append(context, someTokens(3));
  });

  it('leaves the context to nobody else', async () => {
    const running = compute(context);
    const busy = { name: 'LlamaCppError', code: 'busy' };
    await expect(compute(context)).rejects.toMatchObject(busy);
    for (const attempt of [
      () => context.remove(0),
      () => context.rangeOf(0),
      () => context.clear(),
      () => context.logitsAt(0),
      () => context.useAdapters([]),
    ])
      expect(attempt).toThrow(expect.objectContaining(busy));
    await expect(context.save(0)).rejects.toMatchObject(busy);
    await running;
    const saving = context.save(0);
    expect(() => context.rangeOf(0)).toThrow(expect.objectContaining(busy));
    await expect(compute(context)).rejects.toMatchObject(busy);
    expect((await saving).length).toBeGreaterThan(1000);
  });

  it('runs beside those of other contexts', async () => {
    const others = await Promise.all([1, 2].map(() => model.createContext(options)));
    const results = await Promise.all(others.map((other) => append(other, someTokens(300))));
    expect(results[1]).toEqual(results[0]);
  });
});

describe('disposing', () => {
  it('of a context ends what it computes, and both calls wait for it', async () => {
    const context = await (await slowModel()).createContext(options);
    const order: string[] = [];
    const running = compute(context).catch((error: unknown) => {
      order.push('computed');
      throw error;
    });
    await begun();
    const disposing = [1, 2].map(() => context.dispose().then(() => order.push('disposed')));
    await expect(running).rejects.toMatchObject(disposed);
    await Promise.all(disposing);
    expect(order).toEqual(['computed', 'disposed', 'disposed']);
    await context.dispose();
    for (const attempt of [() => context.rangeOf(0), () => context.logitsAt(0), () => context.remove(0)])
      expect(attempt).toThrow(expect.objectContaining(disposed));
    await expect(context.save(0)).rejects.toMatchObject(disposed);
    await expect(context.restore(0, new Uint8Array(99))).rejects.toMatchObject(disposed);
  });

  it('of a context waits for what is saved and restored', async () => {
    const model = await models.load('llama');
    const [from, to] = [await model.createContext(options), await model.createContext(options)];
    await append(from, someTokens(900));
    const bytes = await from.save(0);
    const [saving, restoring] = [from.save(0), to.restore(0, bytes)];
    await Promise.all([from.dispose(), to.dispose()]);
    expect((await saving).length).toBe(bytes.length);
    await restoring;
  });

  it.each([
    ['the model first', (model: LlamaModel, context: LlamaContext) => [model.dispose(), context.dispose()]],
    ['the context first', (model: LlamaModel, context: LlamaContext) => [context.dispose(), model.dispose()]],
    ['the model twice', (model: LlamaModel) => [model.dispose(), model.dispose()]],
  ])('while something is computed: %s', async (_, dispose) => {
    const model = await slowModel();
    const context = await model.createContext(options);
    const running = compute(context);
    await begun();
    await Promise.all([...dispose(model, context), expect(running).rejects.toMatchObject(disposed)]);
    await expect(model.createContext(options)).rejects.toMatchObject(disposed);
    expect(() => model.vocabulary.tokenize('x')).toThrow(expect.objectContaining(disposed));
    expect(() => model.vocabulary.bytesOf(1)).toThrow(expect.objectContaining(disposed));
    // What was read before stays.
    expect(model.metadata.get('general.name')).toBe('Tiny');
  });

  it('of a model waits for contexts that are being made', async () => {
    const model = await models.load('llama');
    const making = [1, 2].map(() => model.createContext(options));
    const results = Promise.allSettled(making);
    await model.dispose();
    for (const result of await results) expect(result).toMatchObject({ status: 'rejected', reason: disposed });
  });

  it('gives back what 40 models with contexts took', async () => {
    const path = models.path('small.gguf');
    await writeTinyGguf(path, 'llama', { layers: 1 });
    const library = await loadLlamaCpp();
    const cycle = async (): Promise<void> => {
      const model = await library.loadModel(path);
      const context = await model.createContext({ positions: 65_536, threads: 1, batchTokens: 16 });
      await append(context, [30]);
      await model.dispose();
    };
    const resident = (): number => process.memoryUsage.rss() / 2 ** 20;
    for (let i = 0; i < 5; i++) await cycle();
    const before = resident();
    for (let i = 0; i < 40; i++) await cycle();
    // A context takes 8 MiB of cache alone: 320 for all of them.
    expect(resident() - before).toBeLessThan(100);
  });
});
