import { readdir } from 'node:fs/promises';
import { TinyModels, append, distance, someTokens } from './testing/tiny-models.js';

let models: TinyModels;
beforeAll(async () => {
  models = await TinyModels.create();
});
afterAll(() => models.remove());

describe('threads', () => {
  it('are as many as asked for, and give the same answers', async () => {
    const model = await models.load('llama', { layers: 1 });
    const answers: Float32Array[] = [];
    for (const threads of [1, 2]) {
      const context = await model.createContext({ positions: 256, threads });
      answers.push(await append(context, someTokens(2)));
    }
    expect(distance(answers[1] ?? [], answers[0] ?? [])).toBeLessThan(0.25);
  });

  it('may rest: fewer compute, and give the same answers', async () => {
    const model = await models.load('llama');
    const context = await model.createContext({ positions: 256, threads: 2 });
    const expected = await append(context, someTokens(2));
    context.useThreads(1);
    context.clear();
    expect(distance(await append(context, someTokens(2)), expected)).toBeLessThan(0.25);
    for (const count of [0, 3, 1.5])
      expect(() => context.useThreads(count)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    const computing = append(context, someTokens(20));
    expect(() => context.useThreads(2)).toThrow(expect.objectContaining({ code: 'busy' }));
    await computing;
    context.useThreads(2);
    await append(context, someTokens(1));
  });

  it('live as long as their context', async () => {
    if (process.platform !== 'linux') {
      console.log('Not tested: threads can only be counted on Linux.');
      return;
    }
    const count = async () => (await readdir('/proc/self/task')).length;
    const model = await models.load('llama', { layers: 1 });
    // Node's own threads are there now.
    const warm = await model.createContext({ positions: 256, threads: 1 });
    await append(warm, [30]);
    const before = await count();
    const context = await model.createContext({ positions: 256, threads: 3 });
    expect(await count()).toBe(before + 2);
    for (const token of [30, 31]) await append(context, [token]);
    expect(await count()).toBe(before + 2);
    await context.dispose();
    expect(await count()).toBe(before);
  });
});
