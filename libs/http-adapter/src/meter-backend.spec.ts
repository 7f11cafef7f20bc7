import type { GenerationEvent, InferenceBackend } from '@mcli/inference';
import { echoBackend } from '@mcli/inference/testing';
import { meterBackend } from './meter-backend.js';

const start = { type: 'start', model: 'm', promptTokens: 5 } as const;
const piece = { type: 'text-delta', text: 'x' } as const;
const end = { type: 'end', reason: 'stop', usage: { promptTokens: 5, completionTokens: 9, cachedTokens: 4 } } as const;

describe('meterBackend', () => {
  it('counts what the backend says in the end, and pieces of text before it does', async () => {
    const meter = meterBackend(backendOf([start, piece, piece, end]), () => undefined);
    expect(meter.usage).toBeUndefined();

    const seen: unknown[] = [];
    for await (const { type } of meter.backend.generate({ model: 'm', prompt: '' })) {
      seen.push([type, meter.usage?.completionTokens]);
    }

    expect(seen).toEqual([
      ['start', 0],
      ['text-delta', 1],
      ['text-delta', 2],
      ['end', 9],
    ]);
    expect(meter.usage).toEqual({ promptTokens: 5, completionTokens: 9, cachedTokens: 4 });
  });

  it('adds up answers to one prompt, and hears of the first text only', async () => {
    let heard = 0;
    const meter = meterBackend(backendOf([start, piece, end]), () => (heard += 1));

    for (let answer = 0; answer < 3; answer += 1) {
      for await (const event of meter.backend.generate({ model: 'm', prompt: '' })) void event;
    }

    expect(meter.usage).toEqual({ promptTokens: 5, completionTokens: 27, cachedTokens: 4 });
    expect(heard).toBe(1);
  });
});

function backendOf(events: readonly GenerationEvent[]): InferenceBackend {
  return {
    ...echoBackend(),
    async *generate() {
      yield* events;
    },
  };
}
