import type { ContextOptions } from './context-options.js';
import type { LlamaContext } from './llama-context.js';
import type { LlamaModel } from './llama-model.js';
import { TinyModels, distance } from './testing/tiny-models.js';

let models: TinyModels;
let model: LlamaModel;
beforeAll(async () => {
  models = await TinyModels.create();
  model = await models.load('bert');
});
afterAll(() => models.remove());

async function make(embeddings: ContextOptions['embeddings'], more: Partial<ContextOptions> = {}) {
  return model.createContext({ positions: 256, sequences: 3, threads: 1, embeddings, ...more });
}

async function read(context: LlamaContext, ...texts: readonly string[]): Promise<number> {
  const batch = context.createBatch();
  for (const [sequence, text] of texts.entries()) {
    const tokens = model.vocabulary.tokenize(text, { addSpecial: true });
    for (const [at, token] of tokens.entries()) batch.add(token, at, sequence, true);
  }
  await context.encode(batch);
  return batch.length;
}

describe('embeddings', () => {
  it('come out of an encoder: one vector a text, finite and the same each time', async () => {
    expect([model.kind, model.memory, model.embeddingSize]).toEqual(['encoder', 'cache', 64]);
    const context = await make('model');
    await read(context, 'hello world', 'search the world', 'hello world');
    const [first, second, third] = [0, 1, 2].map((sequence) => context.embeddingOf(sequence));
    if (!first || !second || !third) throw new Error('unreachable');
    expect(first.length).toBe(64);
    expect(first.every(Number.isFinite)).toBe(true);
    expect(new Set(first).size).toBeGreaterThan(32);
    expect(distance(third, first)).toBeLessThan(1e-4);
    expect(distance(second, first)).toBeGreaterThan(0.1);
    await read(context, 'search the world', 'hello');
    // A copy: what is computed later doesn't change it.
    expect(first.length).toBe(64);
    expect(distance(context.embeddingOf(0), second)).toBeLessThan(1e-4);
    expect(() => context.embeddingOf(2)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(context.rangeOf(0)).toBeUndefined();
  });

  it('are the mean of the vectors of all tokens where the file says so', async () => {
    const [pooled, each] = [await make('mean'), await make('none')];
    await read(pooled, 'hello searching');
    const count = await read(each, 'hello searching');
    expect(count).toBe(5);
    const mean = new Float32Array(64);
    for (let at = 0; at < count; at++) {
      for (const [i, value] of each.embeddingAt(at).entries()) mean[i] = (mean[i] ?? 0) + value / count;
    }
    expect(distance(pooled.embeddingOf(0), mean)).toBeLessThan(1e-4);
    const first = await make('cls');
    await read(first, 'hello searching');
    expect(distance(first.embeddingOf(0), each.embeddingAt(0))).toBeLessThan(1e-4);
    for (const attempt of [() => each.embeddingOf(0), () => pooled.embeddingAt(0), () => each.embeddingAt(5)])
      expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  it('are made of batches as long as the context takes, in one pass', async () => {
    const wide = await make('model', { sequences: 3, batchTokens: 700, passTokens: 16 });
    expect(wide.batchTokens).toBe(702);
    const batch = wide.createBatch();
    for (let sequence = 0; sequence < 3; sequence++)
      for (let at = 0; at < 230; at++) batch.add(10 + (at % 50), at, sequence, false);
    await wide.encode(batch);
    expect(distance(wide.embeddingOf(0), wide.embeddingOf(2))).toBeLessThan(1e-4);
    // `decode` of a model that remembers nothing is the same.
    await wide.decode(batch);
    expect(wide.embeddingOf(1).every(Number.isFinite)).toBe(true);
  });

  it('come out of a decoder too, which remembers what it read', async () => {
    const decoder = await models.load('qwen3');
    const context = await decoder.createContext({ positions: 256, sequences: 2, threads: 1, embeddings: 'last' });
    const batch = context.createBatch();
    for (let at = 0; at < 20; at++) batch.add(30 + at, at, 1, true);
    await expect(context.encode(batch)).rejects.toMatchObject({ code: 'invalid_argument' });
    await context.decode(batch);
    expect(context.embeddingOf(1).some((value) => value !== 0)).toBe(true);
    expect(context.embeddingOf(1)).toHaveLength(decoder.embeddingSize);
    expect(context.rangeOf(1)).toEqual({ first: 0, last: 19 });
  });

  it('are no rank: rerankers are refused', async () => {
    const reranker = await models.load('bert', { metadata: { 'bert.pooling_type': ['u32', 4] } });
    await expect(reranker.createContext({ positions: 256, threads: 1, embeddings: 'model' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});
