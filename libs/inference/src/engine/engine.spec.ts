import { FakeRunner } from '../testing/index.js';
import { Engine } from './engine.js';

describe('Engine', () => {
  it('answers a chat', async () => {
    const engine = new Engine(new FakeRunner());
    const events = [];
    for await (const event of engine.generate({ model: 'fake', prompt: [{ role: 'user', content: 'Hi!' }] }))
      events.push(event);
    await engine.close();

    expect(events).toEqual([
      { type: 'start', model: 'fake', promptTokens: 6 },
      { type: 'text-delta', text: 'H' },
      { type: 'text-delta', text: 'i' },
      { type: 'text-delta', text: '!' },
      { type: 'end', reason: 'stop', usage: { promptTokens: 6, completionTokens: 4, cachedTokens: 0 } },
    ]);
  });
});
