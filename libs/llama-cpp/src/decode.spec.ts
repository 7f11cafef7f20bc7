import { tinyArchitectures } from './testing/index.js';
import type { TinyArchitectureName } from './testing/index.js';
import type { LlamaContext } from './llama-context.js';
import { TinyModels, append, distance, someTokens } from './testing/tiny-models.js';

/** How many tokens are computed together decides how the library rounds; the logits of the tiny models are up to 30. */
const tolerance = 0.25;

let models: TinyModels;
beforeAll(async () => {
  models = await TinyModels.create();
});
afterAll(() => models.remove());

const writers = (Object.keys(tinyArchitectures) as TinyArchitectureName[]).filter((name) => name !== 'bert');

describe('decode', () => {
  it.each(writers)('gives the same logits token by token, in one batch, and in several passes: %s', async (name) => {
    const model = await models.load(name);
    const tokens = someTokens(40);
    const options = { positions: 256, sequences: 2, threads: 1 };
    const small = await model.createContext({ ...options, batchTokens: 16, passTokens: 7, outputs: 16 });
    const whole = await model.createContext({ ...options, outputs: 40 });
    const single: Float32Array[] = [];
    for (const token of tokens) single.push(await append(small, [token]));
    const last = single[39] as Float32Array;
    expect(distance(await append(small, tokens, 1), last)).toBeLessThan(tolerance);

    const batch = whole.createBatch();
    for (const [at, token] of tokens.entries()) batch.add(token, at, 0, true);
    await whole.decode(batch);
    for (const [at, logits] of single.entries()) expect(distance(whole.logitsAt(at), logits)).toBeLessThan(tolerance);
    // They depend on what was read before, not on the last token alone.
    const other = await append(whole, [...someTokens(39, 2), tokens[39] as number], 1);
    expect(distance(other, last)).toBeGreaterThan(4 * tolerance);
  });

  it('keeps the sequences of a batch apart, in any order', async () => {
    const model = await models.load('llama');
    const context = await model.createContext({ positions: 256, sequences: 3, threads: 1, outputs: 4 });
    const texts = [someTokens(11, 1), someTokens(30, 2), someTokens(7, 3)];
    const alone: Float32Array[] = [];
    for (const [sequence, tokens] of texts.entries()) {
      alone.push(await append(context, tokens, sequence));
      context.remove(sequence);
    }
    const batch = context.createBatch();
    const lasts = new Map<number, number>();
    for (let at = 0; at < 30; at++) {
      for (const sequence of [2, 0, 1]) {
        const token = texts[sequence]?.[at];
        if (token === undefined) continue;
        const isLast = at === (texts[sequence]?.length ?? 0) - 1;
        const index = batch.add(token, at, sequence, isLast);
        if (isLast) lasts.set(sequence, index);
      }
    }
    await context.decode(batch);
    expect(batch.length).toBe(48);
    for (const [sequence, index] of lasts)
      expect(distance(context.logitsAt(index), alone[sequence] ?? [])).toBeLessThan(tolerance);
    expect(() => context.logitsAt(0)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(() => context.logitsAt(48)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  it('fills a sequence to its last position, and says when there is no room', async () => {
    const context = await (await models.load('qwen2')).createContext({ positions: 100, sequences: 2, threads: 1 });
    expect([context.positions, context.sequences, context.batchTokens]).toEqual([256, 2, 200]);
    await append(context, someTokens(255));
    await append(context, someTokens(1));
    await append(context, someTokens(9), 1);
    const batch = context.createBatch();
    batch.add(20, 256, 0, true);
    await expect(context.decode(batch)).rejects.toMatchObject({ code: 'no_room' });
    expect([context.rangeOf(0), context.rangeOf(1)]).toEqual([
      { first: 0, last: 255 },
      { first: 0, last: 8 },
    ]);
  });

  it('lets the logits be overwritten', async () => {
    const context = await (await models.load('llama')).createContext({ positions: 256, threads: 1 });
    const batch = context.createBatch();
    batch.add(30, 0, 0, true);
    await context.decode(batch);
    context.logitsAt(0).fill(7);
    expect(context.logitsAt(0)).toEqual(new Float32Array(context.logitsAt(0).length).fill(7));
    expect(new Set(await append(context, [31])).size).toBeGreaterThan(100);
  });
});

describe('what would end the process is refused', () => {
  let context: LlamaContext;
  beforeEach(async () => {
    const model = await models.load('llama');
    context = await model.createContext({ positions: 256, sequences: 2, threads: 1, batchTokens: 8, outputs: 3 });
  });

  const refused = (message: string | RegExp) =>
    expect.objectContaining({
      name: 'LlamaCppError',
      code: 'invalid_argument',
      message: expect.stringMatching(message) as string,
    }) as Error;

  it.each([
    ['a token that there is not', [10_000, 0, 0], 'no token 10000'],
    ['a negative token', [-1, 0, 0], 'no token -1'],
    ['half a token', [1.5, 0, 0], 'no token 1.5'],
    ['a sequence that there is not', [1, 0, 2], 'no sequence 2'],
    ['a negative sequence', [1, 0, -1], 'no sequence -1'],
    ['a negative position', [1, -1, 0], 'A position'],
    ['a position beyond 32 bits', [1, 2 ** 31, 0], 'A position'],
  ] as const)('%s', (_, [token, position, sequence], message) => {
    expect(() => context.createBatch().add(token, position, sequence, false)).toThrow(refused(message));
  });

  it('positions that do not follow one another', () => {
    const batch = context.createBatch();
    batch.add(1, 4, 0, false);
    batch.add(1, 0, 1, false);
    expect(() => batch.add(1, 6, 0, false)).toThrow(refused('comes behind 4'));
    expect(() => batch.add(1, 4, 0, false)).toThrow(refused('comes behind 4'));
    expect([batch.add(1, 5, 0, false), batch.add(1, 1, 1, false)]).toEqual([2, 3]);
    batch.clear();
    expect(batch.add(1, 0, 0, false)).toBe(0);
  });

  it('more tokens than fit, and more outputs than there is space for', async () => {
    const batch = context.createBatch();
    for (let at = 0; at < 3; at++) batch.add(40, at, 0, true);
    expect([batch.hasRoom(true), batch.hasRoom(false)]).toEqual([false, true]);
    expect(() => batch.add(40, 3, 0, true)).toThrow(refused('space for 3 outputs'));
    for (let at = 3; at < 8; at++) batch.add(40, at, 0, false);
    expect([batch.hasRoom(true), batch.hasRoom(false)]).toEqual([false, false]);
    expect(() => batch.add(40, 8, 0, false)).toThrow(refused('holds 8 tokens; it is full'));
    await context.decode(batch);
    expect(context.rangeOf(0)).toEqual({ first: 0, last: 7 });
    batch.clear();
    for (let at = 0; at < 3; at++) batch.add(40, at, 1, true);
    await context.decode(batch);
  });

  it('a batch that is empty, of another context, or does not begin where its sequence ends', async () => {
    const other = await (await models.load('llama')).createContext({ positions: 256, threads: 1 });
    const foreign = other.createBatch();
    foreign.add(1, 0, 0, true);
    await expect(context.decode(foreign)).rejects.toThrow(refused('another context'));
    const batch = context.createBatch();
    await expect(context.decode(batch)).rejects.toThrow(refused('empty'));
    await append(context, someTokens(3));
    batch.add(1, 4, 0, true);
    await expect(context.decode(batch)).rejects.toThrow(refused('does not begin where'));
    batch.clear();
    batch.add(1, 2, 0, true);
    await expect(context.decode(batch)).rejects.toThrow(refused('does not begin where'));
    await expect(context.encode(batch)).rejects.toThrow(refused('no encoder'));
    expect(context.rangeOf(0)).toEqual({ first: 0, last: 2 });
  });

  it.each([
    ['remove', () => context.remove(2)],
    ['remove of half a position', () => context.remove(0, 0.5)],
    ['keepOnly', () => context.keepOnly(-1)],
    ['rangeOf', () => context.rangeOf(2)],
    ['copy', () => context.copy(0, 2)],
    ['copy from nowhere', () => context.copy(2, 0)],
    ['save', () => context.save(9)],
    ['embeddingOf', () => context.embeddingOf(2)],
    ['logitsAt before anything was computed', () => context.logitsAt(0)],
    ['embeddingAt of a context that makes none', () => context.embeddingAt(0)],
  ])('%s', async (_, attempt) => {
    await expect((async () => attempt())()).rejects.toThrow(refused('^'));
  });

  it.each([
    { threads: 0 },
    { threads: 513 },
    { threads: 1.5 },
    { threads: NaN },
    { positions: 0 },
    { positions: -1 },
    { positions: 2 ** 31 },
    { sequences: 0 },
    { sequences: 257 },
    { batchTokens: 0 },
    { passTokens: -5 },
    { outputs: 0.5 },
    { cacheType: 'f8' as never },
    { embeddings: 'sum' as never },
  ])('a context with %p', async (options) => {
    const model = await models.load('llama');
    await expect(model.createContext({ positions: 256, threads: 1, ...options })).rejects.toThrow(
      refused(Object.keys(options)[0] ?? ''),
    );
  });

  it('fewer outputs and tokens of a batch than sequences: there are as many', async () => {
    const model = await models.load('llama');
    const many = await model.createContext({ positions: 256, sequences: 5, threads: 1, outputs: 1, batchTokens: 2 });
    const batch = many.createBatch();
    for (let sequence = 0; sequence < 5; sequence++) batch.add(50, 0, sequence, true);
    await many.decode(batch);
    expect(batch.capacity).toBe(5);
  });
});
