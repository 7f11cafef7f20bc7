import type { GenerationEvent } from '../contract.js';
import { InferenceError } from '../errors.js';
import { backendContract } from './backend-contract.js';
import { echoBackend } from './echo-backend.js';

describe('echoBackend', () => {
  backendContract({ it, expect }, () => echoBackend());

  it('writes the last user message again, word by word', async () => {
    const prompt = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hello  you' },
      { role: 'assistant', content: 'Hi' },
    ] as const;
    const events: GenerationEvent[] = [];
    for await (const event of echoBackend().generate({ model: 'echo', prompt })) events.push(event);

    expect(events).toEqual([
      { type: 'start', model: 'echo', promptTokens: 5 },
      { type: 'text-delta', text: 'Hello' },
      { type: 'text-delta', text: '  you' },
      { type: 'end', reason: 'stop', usage: { promptTokens: 5, completionTokens: 2, cachedTokens: 0 } },
    ]);
  });

  it('answers and fails as it is told', async () => {
    const backend = echoBackend({
      models: ['a', 'b'],
      respond: (message) => `${message}! ${message}!`,
      beforeWord: (word) => {
        if (word === 1) throw new InferenceError('engine_failed', 'broken');
      },
    });
    const texts: string[] = [];
    const reading = (async () => {
      for await (const event of backend.generate({ model: 'b', prompt: 'Hi' }))
        if (event.type === 'text-delta') texts.push(event.text);
    })();

    await expect(reading).rejects.toMatchObject({ code: 'engine_failed' });
    expect(texts).toEqual(['Hi!']);
  });

  it('refuses a prompt that fills the context', async () => {
    const backend = echoBackend({ contextLength: 3 });
    await expect(
      backend.generate({ model: 'echo', prompt: 'one two three' })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({
      code: 'context_length_exceeded',
      details: { contextLength: 3, promptTokens: 3 },
    });
  });
});
