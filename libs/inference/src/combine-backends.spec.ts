import { combineBackends } from './combine-backends.js';
import type { InferenceBackend } from './contract.js';
import { InferenceError } from './errors.js';
import { echoBackend } from './testing/index.js';

describe('combineBackends', () => {
  it('sends each request to the backend that has its model', async () => {
    const backend = combineBackends([
      echoBackend({ models: ['a'], respond: () => 'from a' }),
      echoBackend({ models: ['b', 'c'], respond: () => 'from b' }),
    ]);
    expect((await backend.models()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(await Promise.all(['a', 'b', 'c'].map((model) => textOf(backend, model)))).toEqual([
      'from a',
      'from b',
      'from b',
    ]);
    await expect(textOf(backend, 'd')).rejects.toMatchObject({ code: 'model_not_found', details: { model: 'd' } });
  });

  it('prefers the first of two with the same model', async () => {
    const backend = combineBackends([
      echoBackend({ models: ['a'], respond: () => 'first' }),
      echoBackend({ models: ['a'], respond: () => 'second' }),
    ]);
    expect(await backend.models()).toHaveLength(1);
    expect(await textOf(backend, 'a')).toBe('first');
  });

  it('goes on without a backend that cannot name its models, and throws its error where it matters', async () => {
    const loading: InferenceBackend = {
      ...echoBackend(),
      models: () => Promise.reject(new InferenceError('loading', 'not yet')),
    };
    const backend = combineBackends([loading, echoBackend({ models: ['a'] })]);
    expect((await backend.models()).map(({ id }) => id)).toEqual(['a']);
    expect(await textOf(backend, 'a')).toBe('Hi');
    await expect(textOf(backend, 'b')).rejects.toMatchObject({ code: 'loading' });
    await expect(combineBackends([loading]).models()).rejects.toMatchObject({ code: 'loading' });
    expect(await combineBackends([]).models()).toEqual([]);
  });

  it('closes all, also when one fails', async () => {
    const failing: InferenceBackend = { ...echoBackend(), close: () => Promise.reject(new Error('stuck')) };
    const other = echoBackend();
    await expect(combineBackends([failing, other]).close()).rejects.toThrow('stuck');
    await expect(textOf(other, 'echo')).rejects.toMatchObject({ code: 'closed' });
  });
});

async function textOf(backend: InferenceBackend, model: string): Promise<string> {
  let text = '';
  for await (const event of backend.generate({ model, prompt: 'Hi' }))
    if (event.type === 'text-delta') text += event.text;
  return text;
}
