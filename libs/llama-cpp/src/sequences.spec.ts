import { tinyArchitectures } from './testing/index.js';
import type { TinyArchitectureName } from './testing/index.js';
import type { ContextOptions } from './context-options.js';
import { TinyModels, append, distance, someTokens } from './testing/tiny-models.js';

/** How many tokens are computed together decides how the library rounds; the logits of the tiny models are up to 30. */
const tolerance = 0.25;
const options = { positions: 256, sequences: 3, threads: 1 };
const refused = { name: 'LlamaCppError', code: 'invalid_argument' };

let models: TinyModels;
beforeAll(async () => {
  models = await TinyModels.create();
});
afterAll(() => models.remove());

const writers = (Object.keys(tinyArchitectures) as TinyArchitectureName[]).filter((name) => name !== 'bert');
const cuttable = writers.filter((name) => name !== 'mamba' && name !== 'lfm2');

async function make(name: TinyArchitectureName, more: Partial<ContextOptions> = {}) {
  const model = await models.load(name);
  return { model, context: await model.createContext({ ...options, ...more }) };
}

describe('what a context remembers', () => {
  it.each(cuttable)('can be cut back to any position: %s', async (name) => {
    const { model, context } = await make(name);
    expect(model.memory).toBe('cache');
    const tokens = someTokens(30);
    const expected = await append(context, tokens);
    await append(context, someTokens(30, 7));
    expect(context.canRemove(0, 12)).toBe(true);
    expect(context.rangeOf(0)?.last).toBe(59);
    expect(context.remove(0, 12)).toBe(true);
    expect(context.rangeOf(0)).toEqual({ first: 0, last: 11 });
    expect(distance(await append(context, tokens.slice(12)), expected)).toBeLessThan(tolerance);
    expect(context.remove(0)).toBe(true);
    expect(context.rangeOf(0)).toBeUndefined();
    expect(distance(await append(context, tokens), expected)).toBeLessThan(tolerance);
  });

  it.each(['mamba', 'lfm2'] as const)('can only be forgotten as a whole: %s', async (name) => {
    const { model, context } = await make(name);
    expect(model.memory).toBe(name === 'mamba' ? 'state' : 'both');
    const tokens = someTokens(30);
    const expected = await append(context, tokens);
    context.remove(0);
    await append(context, tokens.slice(0, 20));
    for (const from of [1, 10, 19])
      expect([context.canRemove(0, from), context.remove(0, from)]).toEqual([false, false]);
    for (const from of [0, 20, 21]) expect(context.canRemove(0, from)).toBe(true);
    expect(context.remove(0, 20)).toBe(true);
    // Nothing changed.
    expect(distance(await append(context, tokens.slice(20)), expected)).toBeLessThan(tolerance);
    expect(context.remove(0)).toBe(true);
    expect(context.rangeOf(0)).toBeUndefined();
    expect(distance(await append(context, tokens), expected)).toBeLessThan(tolerance);
  });

  it('is only cut back where the window is whole, when no more than the window is kept', async () => {
    const long = { contextLength: 1024 };
    const model = await models.load('gemma3', long);
    expect(model.slidingWindow).toBe(16);
    const sized = { positions: 1024, threads: 1, passTokens: 32 };
    const context = await model.createContext({ ...sized, keepWholeWindow: false });
    const whole = await model.createContext(sized);
    const tokens = someTokens(672);
    await append(context, tokens.slice(0, 600));
    const first = (context.rangeOf(0) ?? { first: 0 }).first;
    expect(first).toBeGreaterThan(100);
    expect([context.canRemove(0, 100), context.remove(0, 100)]).toEqual([false, false]);
    expect([0, 599, 600].map((from) => context.canRemove(0, from))).toEqual([true, true, true]);
    expect(context.rangeOf(0)).toEqual({ first, last: 599 });
    expect(context.remove(0, 599)).toBe(true);
    await append(context, tokens.slice(599, 671));
    const expected = await append(whole, tokens);
    expect(distance(await append(context, tokens.slice(671)), expected)).toBeLessThan(tolerance);
    expect(whole.rangeOf(0)).toEqual({ first: 0, last: 671 });
    expect(whole.remove(0, 100)).toBe(true);
    expect(context.remove(0)).toBe(true);
    expect(context.rangeOf(0)).toBeUndefined();
  });

  it.each(writers)('is copied to another sequence, in place of what that held: %s', async (name) => {
    const { context } = await make(name);
    const tokens = someTokens(25);
    const expected = await append(context, tokens);
    context.clear();
    await append(context, tokens.slice(0, 24));
    await append(context, someTokens(40, 3), 2);
    await context.copy(0, 2);
    await context.copy(0, 0);
    expect(context.rangeOf(2)?.last).toBe(23);
    context.remove(0);
    expect(distance(await append(context, tokens.slice(24), 2), expected)).toBeLessThan(tolerance);
    await context.copy(1, 2);
    expect(context.rangeOf(2)).toBeUndefined();
  });

  it('is forgotten but for one sequence, and as a whole', async () => {
    const { context } = await make('llama');
    for (const sequence of [0, 1, 2]) await append(context, someTokens(5 + sequence, sequence), sequence);
    context.keepOnly(1);
    const ranges = () => [0, 1, 2].map((sequence) => context.rangeOf(sequence)?.last);
    expect(ranges()).toEqual([undefined, 5, undefined]);
    await append(context, someTokens(3), 0);
    expect(ranges()).toEqual([2, 5, undefined]);
    context.clear();
    expect(ranges()).toEqual([undefined, undefined, undefined]);
  });
});

describe('a saved sequence', () => {
  it.each(['gemma2', 'gemma3'] as const)('can not be cut back in layers with a window: %s', async (name) => {
    const { context } = await make(name);
    const tokens = someTokens(60);
    const expected = await append(context, tokens);
    context.remove(0, 50);
    await context.restore(1, await context.save(0));
    const before = context.rangeOf(1);
    expect(context.remove(1, 40)).toBe(false);
    expect(context.rangeOf(1)).toEqual(before);
    expect(context.remove(0, 40)).toBe(true);
    expect(distance(await append(context, tokens.slice(50), 1), expected)).toBeLessThan(tolerance);
  });

  it.each(writers)('goes on in the same context and in another one, of other lengths: %s', async (name) => {
    const { model, context } = await make(name);
    const tokens = someTokens(60);
    const expected = await append(context, tokens);
    context.clear();
    await append(context, tokens.slice(0, 50), 1);
    const saved = await context.save(1);
    const rest = async (where: typeof context, sequence: number) => append(where, tokens.slice(50), sequence);
    expect(distance(await rest(context, 1), expected)).toBeLessThan(tolerance);
    // In place of what is there, and in an empty sequence.
    await context.restore(1, saved);
    await context.restore(2, saved);
    expect([context.rangeOf(1)?.last, context.rangeOf(2)?.last]).toEqual([49, 49]);
    expect(distance(await rest(context, 1), expected)).toBeLessThan(tolerance);
    expect(distance(await rest(context, 2), expected)).toBeLessThan(tolerance);
    const larger = await model.createContext({ ...options, positions: 512, batchTokens: 64 });
    await larger.restore(0, saved);
    expect(distance(await rest(larger, 0), expected)).toBeLessThan(tolerance);
    expect(larger.rangeOf(1)).toBeUndefined();
  });

  it('gives the very same logits as what was saved', async () => {
    const { model, context } = await make('qwen2', { cacheType: 'q8_0', positions: 512 });
    await append(context, someTokens(50));
    const saved = await context.save(0);
    const expected = await append(context, [21]);
    const other = await model.createContext({ ...options, cacheType: 'q8_0', positions: 512 });
    await other.restore(0, saved.slice());
    expect(await append(other, [21])).toEqual(expected);
    expect(distance(await append(context, [22], 1), expected)).toBeGreaterThan(1);
  });

  it('may be empty', async () => {
    const { context } = await make('llama');
    const nothing = await context.save(0);
    await append(context, someTokens(9), 1);
    await context.restore(1, nothing);
    expect(context.rangeOf(1)).toBeUndefined();
  });

  it('is not taken when it is of something else, cut short, or no saved sequence; then nothing changes', async () => {
    const { model, context } = await make('llama');
    await append(context, someTokens(9));
    const saved = await context.save(0);
    const foreign = [
      new Uint8Array(0),
      new Uint8Array(15),
      new Uint8Array(5000).fill(0xff),
      new TextEncoder().encode('No sequence at all, but some text.'),
      saved.subarray(0, saved.length - 1),
      Buffer.concat([saved, new Uint8Array(1)]),
      saved.map((byte, at) => (at < 4 ? byte ^ 1 : byte)),
    ];
    for (const bytes of foreign)
      await expect(context.restore(0, bytes)).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/no saved sequence/) as string,
      });
    const others = [
      (await make('llama', { sequences: 2 })).context,
      (await make('llama', { cacheType: 'q8_0' })).context,
      (await make('qwen3')).context,
      (await make('mamba')).context,
      await (await models.load('llama', { layers: 3 })).createContext(options),
    ];
    for (const other of others) {
      await append(other, someTokens(4));
      await expect(other.restore(0, saved)).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/by another model/) as string,
      });
      expect(other.rangeOf(0)?.last).toBe(3);
    }
    expect(context.rangeOf(0)?.last).toBe(8);
    await (await model.createContext(options)).restore(0, saved);
  });

  it('is not taken where it does not fit; the sequence is empty then', async () => {
    const { model, context } = await make('llama', { positions: 512 });
    await append(context, someTokens(300));
    const saved = await context.save(0);
    const small = await model.createContext(options);
    await append(small, someTokens(9));
    await expect(small.restore(0, saved)).rejects.toMatchObject({ code: 'no_room' });
    expect(small.rangeOf(0)).toBeUndefined();
    await append(small, someTokens(9));
  });

  it('is an array of its own, within a larger one too', async () => {
    const { context } = await make('llama');
    await append(context, someTokens(9));
    const saved = await context.save(0);
    const larger = new Uint8Array(saved.length + 7);
    larger.set(saved, 7);
    await context.restore(1, larger.subarray(7));
    expect(context.rangeOf(1)).toEqual({ first: 0, last: 8 });
  });
});
