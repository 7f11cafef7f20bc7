import fc from 'fast-check';
import type { GenerateRequest, GenerationEvent } from '../contract.js';
import { FakeRunner, type FakeRunnerOptions } from '../testing/index.js';
import type { KvCache } from './model-runner.js';
import { Engine, type EngineEvent, type EngineOptions } from './engine.js';

describe('Engine', () => {
  it('answers a chat', async () => {
    const { engine } = anEngine();
    const events = await collect(engine, { prompt: [{ role: 'user', content: 'Hi!' }] });

    expect(events).toEqual([
      { type: 'start', model: 'fake', promptTokens: 6 },
      { type: 'text-delta', text: 'H' },
      { type: 'text-delta', text: 'i' },
      { type: 'text-delta', text: '!' },
      { type: 'end', reason: 'stop', usage: { promptTokens: 6, completionTokens: 4, cachedTokens: 0 } },
    ]);
  });

  it('continues text and token ids as they are', async () => {
    const { engine } = anEngine();
    const request = { maxTokens: 12, sampling: { temperature: 0 } };
    const text = await textOf(engine, { ...request, prompt: 'Once' });
    expect(text).toHaveLength(12);
    expect(await textOf(engine, { ...request, prompt: [79, 110, 99, 101] })).toBe(text);
  });

  it('says what the prompt was, with the numbers, when it leaves no room', async () => {
    const { engine } = anEngine({ contextLength: 10 });
    await expect(collect(engine, { prompt: 'x'.repeat(10) })).rejects.toMatchObject({
      code: 'context_length_exceeded',
      details: { contextLength: 10, promptTokens: 10 },
    });
    const [end] = (await collect(engine, { prompt: 'x'.repeat(9) })).slice(-1);
    expect(end).toMatchObject({ reason: 'length', usage: { completionTokens: 1 } });
  });

  it('clamps maxTokens to the room that is left', async () => {
    const { engine, runner } = anEngine({ contextLength: 16 });
    const events = await collect(engine, { prompt: 'x'.repeat(10), maxTokens: 1000 });
    expect(events.at(-1)).toMatchObject({ reason: 'length', usage: { promptTokens: 10, completionTokens: 6 } });
    expect(runner.calls).toHaveLength(6);
  });

  it.each<[string, Partial<GenerateRequest>, string]>([
    ['a model it does not have', { model: 'other' }, 'model_not_found'],
    ['an empty prompt', { prompt: '' }, 'invalid_request'],
    ['tokens beyond the vocabulary', { prompt: [1, 261] }, 'invalid_request'],
    ['tokens that are no whole numbers', { prompt: [1, 1.5] }, 'invalid_request'],
    ['a bias for a token beyond the vocabulary', { sampling: { logitBias: { 261: 1 } } }, 'invalid_request'],
    ['no tokens at all', { maxTokens: 0 }, 'invalid_request'],
    ['a broken temperature', { sampling: { temperature: NaN } }, 'invalid_request'],
  ])('refuses %s', async (_, request, code) => {
    const { engine, runner } = anEngine();
    await expect(collect(engine, request)).rejects.toMatchObject({ name: 'InferenceError', code });
    expect(runner.calls).toHaveLength(0);
  });

  it.each([{ slots: 0 }, { slots: 9 }, { slots: 1.5 }, { queue: -1 }, { chunkTokens: 0 }])('refuses %j', (options) => {
    expect(() => new Engine(new FakeRunner(), options)).toThrow(TypeError);
  });

  it('computes everybody in one step', async () => {
    const { engine, runner } = anEngine();
    const texts = ['one', 'two', 'ten'];
    expect(await Promise.all(texts.map((text) => textOf(engine, ask(text))))).toEqual(texts);
    expect(runner.calls.map(({ items }) => items.length)).toEqual([3, 3, 3, 3]);
  });

  it('reads a long prompt in chunks, wanting logits after the last one only', async () => {
    const { engine, runner } = anEngine({}, { chunkTokens: 4 });
    await collect(engine, { prompt: 'x'.repeat(10), maxTokens: 2 });
    const chunks = runner.calls.map(({ items }) => items.map(({ tokens, logitRows }) => [tokens.length, logitRows]));
    expect(chunks).toEqual([[[4, 0]], [[4, 0]], [[2, 1]], [[1, 1]]]);
    expect(runner.calls.map(({ items }) => items[0]?.kind)).toEqual(['read', 'read', 'read', 'write']);
  });

  it('counts what it took from a cache, and does not read it again', async () => {
    const { engine, runner } = anEngine({ respond: () => '!' });
    await collect(engine, ask('a question'));
    const events = await collect(engine, ask('a question!'));
    // Role and text; what follows, the end of the message, differs.
    expect(events.at(-1)).toMatchObject({ usage: { promptTokens: 14, cachedTokens: 11 } });
    expect(runner.calls.find(({ items }) => items[0]?.before.length === 11)?.items[0]?.tokens).toHaveLength(3);
    expect(engine.stats()).toMatchObject({ promptTokens: 13 + 3 });
  });

  it('starts a conversation where its last turn ended', async () => {
    const { engine } = anEngine();
    const first = { role: 'user', content: 'Hello' } as const;
    await collect(engine, { prompt: [first] });
    const more = [first, { role: 'assistant', content: 'Hello' }, { role: 'user', content: 'Bye' }] as const;
    const events = await collect(engine, { prompt: more });
    expect(events.at(-1)).toMatchObject({ usage: { cachedTokens: 'uHello.a'.length + 'Hello'.length } });
  });

  it('writes the same text for a seed, alone and with others', async () => {
    const request = { prompt: 'Once upon a time', maxTokens: 40, sampling: { temperature: 1.3, topP: 0.95, seed: 9 } };
    const alone = await textOf(anEngine().engine, request);
    expect(alone).not.toBe(await textOf(anEngine().engine, { ...request, sampling: { seed: 10 } }));

    const { engine } = anEngine({}, { chunkTokens: 4 });
    const others = ['a', 'Once', 'Once upon a time'].map((prompt) => textOf(engine, { prompt, maxTokens: 30 }));
    expect(await textOf(engine, request)).toBe(alone);
    await Promise.all(others);
    expect(await textOf(engine, request)).toBe(alone);
  });

  it("takes the model's recommendation when a request names no sampling", async () => {
    const greedy = await textOf(anEngine().engine, { prompt: 'x', maxTokens: 30, sampling: { temperature: 0 } });
    const { engine } = anEngine({ recommendedSampling: { temperature: 0 } });
    expect(await textOf(engine, { prompt: 'x', maxTokens: 30 })).toBe(greedy);
    expect(await textOf(engine, { prompt: 'x', maxTokens: 30, sampling: { temperature: 2, seed: 1 } })).not.toBe(
      greedy,
    );
  });

  it('ends before a stop text', async () => {
    const { engine } = anEngine();
    const events = await collect(engine, { ...ask('one, two, three'), stop: ['two', 'three'] });
    expect(toText(events)).toBe('one, ');
    expect(events.at(-1)).toMatchObject({ reason: 'stop', usage: { completionTokens: 8 } });
  });

  it('ends an answer that loops, and tells', async () => {
    const told: EngineEvent[] = [];
    const onlyA = new Float32Array(261);
    onlyA[97] = 9;
    const { engine } = anEngine({ logits: () => onlyA.slice() }, { onEvent: (event) => told.push(event) });
    const sampling = { temperature: 0 };
    const events = await collect(engine, { prompt: 'x', sampling });
    expect(events.at(-1)).toMatchObject({ reason: 'length', usage: { completionTokens: 512 } });
    expect(told).toEqual([{ type: 'loop-ended', model: 'fake', promptTokens: 1, completionTokens: 512 }]);

    const explicit = await collect(engine, { prompt: 'x', sampling, maxTokens: 600 });
    expect(explicit.at(-1)).toMatchObject({ usage: { completionTokens: 600 } });
    const off = await collect(engine, { prompt: 'x', sampling, loopGuard: false });
    expect(off.at(-1)).toMatchObject({ usage: { completionTokens: 4095 } });
  });

  it('refuses what neither runs nor fits the queue, without reading it', async () => {
    const gate = aGate();
    const { engine } = anEngine({ slots: 1, beforeForward: gate.wait }, { queue: 1 });
    const running = [collect(engine, ask('one')), collect(engine, ask('two'))];
    await gate.reached(1);
    expect(engine.stats()).toMatchObject({ running: 1, waiting: 1 });

    await expect(collect(engine, { prompt: 'x'.repeat(9999) })).rejects.toMatchObject({ code: 'overloaded' });
    gate.open();
    expect((await Promise.all(running)).map(toText)).toEqual(['one', 'two']);
  });

  it('frees the slot of a cancelled generation before the next step', async () => {
    const gate = aGate();
    const { engine, runner } = anEngine({ slots: 1, beforeForward: gate.wait });
    const controller = new AbortController();
    const cancelled = collect(engine, { ...ask('first'), signal: controller.signal });
    const next = collect(engine, ask('second'));
    await gate.reached(1);
    gate.pass();
    await gate.reached(2);
    controller.abort(new Error('gone'));
    await expect(cancelled).rejects.toThrow('gone');
    gate.open();

    expect(toText(await next)).toBe('second');
    // One step was running when the first one left; the one after it was the second one's, but for the role.
    const [, , third] = runner.calls;
    expect(third?.items.map(({ tokens }) => tokens.length)).toEqual(['second.a'.length]);
  });

  it('never starts what was cancelled while it waited', async () => {
    const gate = aGate();
    const { engine } = anEngine({ slots: 1, beforeForward: gate.wait });
    const running = collect(engine, ask('one'));
    const controller = new AbortController();
    const waiting = collect(engine, { ...ask('two'), signal: controller.signal });
    await gate.reached(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(engine.stats()).toMatchObject({ running: 1, waiting: 0 });
    gate.open();
    await running;
    expect(engine.stats()).toMatchObject({ running: 0, promptTokens: 6, generatedTokens: 4 });
  });

  it('terminates a step that reads for nobody, and no other', async () => {
    const signals: boolean[] = [];
    const gate = aGate();
    const { engine } = anEngine({
      slots: 2,
      beforeForward: async (_, signal) => {
        await Promise.race([gate.wait(), new Promise((resolve) => signal?.addEventListener('abort', resolve))]);
        signals.push(signal?.aborted ?? false);
      },
    });
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [
      collect(engine, { ...ask('long one'), signal: first.signal }),
      collect(engine, { ...ask('long two'), signal: second.signal }),
    ].map((promise) => promise.catch((error: Error) => error.name));
    await gate.reached(1);
    first.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(signals).toEqual([]);
    second.abort();

    expect(await Promise.all(both)).toEqual(['AbortError', 'AbortError']);
    gate.open();
    expect(toText(await collect(engine, ask('long one')))).toBe('long one');
    expect(signals[0]).toBe(true);
    expect(signals.slice(1).includes(true)).toBe(false);
  });

  it('fails everyone in a broken step with the cause, forgets their caches, and goes on', async () => {
    const broken = new Error('the graph is broken');
    const told: EngineEvent[] = [];
    const { engine, runner } = anEngine(
      {
        beforeForward: ({ number }) => {
          if (number === 3) throw broken;
        },
      },
      { onEvent: (event) => told.push(event) },
    );
    const readings = ['first', 'other'].map(async (text) => {
      const events: GenerationEvent[] = [];
      try {
        for await (const event of engine.generate({ model: 'fake', ...ask(text) })) events.push(event);
      } catch (error) {
        return { text: toText(events), error };
      }
      return { text: toText(events) };
    });
    expect(await Promise.all(readings)).toMatchObject([
      { text: 'fir', error: { name: 'InferenceError', code: 'engine_failed', cause: broken } },
      { text: 'oth', error: { code: 'engine_failed', cause: broken } },
    ]);
    expect(told).toEqual([{ type: 'step-failed', model: 'fake', sequences: 2, error: broken }]);

    expect(await textOf(engine, ask('first'))).toBe('first');
    expect(runner.calls[4]?.items[0]?.before).toEqual([]);
  });

  it('leaves nobody waiting when a runner breaks its contract', async () => {
    const stuck = new Engine(new StuckRunner({ slots: 1 }));
    const results = await Promise.allSettled([collect(stuck, ask('one')), collect(stuck, ask('two'))]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'engine_failed', cause: { message: 'stuck' } } },
      { status: 'rejected', reason: { code: 'engine_failed' } },
    ]);
    expect(stuck.stats()).toMatchObject({ running: 0, waiting: 0 });
    await stuck.close();
  });

  it('fails only the sequence whose logits are of no use', async () => {
    const { engine } = anEngine({
      logits: (tokens) => {
        const logits = new Float32Array(261).fill(tokens[0] === 0x62 && tokens.length > 3 ? NaN : 0);
        if (tokens[0] !== 0x62 && tokens.length > 5) logits[256] = 99;
        return logits;
      },
    });
    const [good, bad] = await Promise.allSettled([
      collect(engine, { prompt: 'a' }),
      collect(engine, { prompt: 'b', maxTokens: 9, sampling: { logitBias: { 256: -100 } } }),
    ]);
    expect(good.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'engine_failed' } });
  });

  it('finishes what was accepted when it is closed, then frees everything', async () => {
    const { engine, runner } = anEngine({ slots: 1 });
    const accepted = ['one', 'two'].map((text) => textOf(engine, ask(text)));
    const closing = engine.close();
    await expect(collect(engine, ask('late'))).rejects.toMatchObject({ code: 'closed' });
    expect(await Promise.all(accepted)).toEqual(['one', 'two']);
    await closing;
    expect(runner.disposed).toBe(true);
    await engine.close();
  });

  it('lets others have a turn while it computes', async () => {
    const { engine } = anEngine();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    await collect(engine, { prompt: 'x', maxTokens: 2000 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('writes for everyone what it would write for them alone, whatever comes and goes', async () => {
    const alone = new Map<string, Promise<string>>();
    const reference = new Engine(new FakeRunner());
    await fc.assert(
      fc.asyncProperty(anySetting, fc.array(anyVisit, { minLength: 1, maxLength: 12 }), async (setting, visits) => {
        const { canTruncate, failing, ...options } = setting;
        const runner = new FakeRunner({
          canTruncate,
          beforeForward: ({ number }) => {
            if (failing.includes(number)) throw new Error('broken');
          },
        });
        const engine = new Engine(runner, { ...options, queue: 100 });
        await Promise.all(
          visits.map(async ({ delay, leaveAfter, ...request }) => {
            for (let turn = 0; turn < delay; turn += 1) await new Promise((resolve) => setImmediate(resolve));
            const key = JSON.stringify(request);
            if (!alone.has(key)) alone.set(key, textOf(reference, request));
            const expected = await alone.get(key);
            let text = '';
            try {
              for await (const event of engine.generate({ model: 'fake', ...request })) {
                if (event.type === 'text-delta') text += event.text;
                if (text.length >= leaveAfter) break;
                if (event.type === 'end') expect(text).toBe(expected);
              }
            } catch (error) {
              expect(error).toMatchObject({ code: 'engine_failed' });
            }
            expect(expected?.startsWith(text)).toBe(true);
          }),
        );
        await engine.close();
        expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
        expect(runner.disposed).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

const anySetting = fc.record({
  slots: fc.integer({ min: 1, max: 5 }),
  chunkTokens: fc.integer({ min: 1, max: 9 }),
  canTruncate: fc.boolean(),
  failing: fc.array(fc.nat(30), { maxLength: 2 }),
});

const anyVisit = fc.record({
  prompt: fc.constantFrom('a', 'ab', 'Once', 'Once upon a time', 'Once upon a hill there was'),
  maxTokens: fc.integer({ min: 1, max: 12 }),
  sampling: fc.constantFrom({ temperature: 0 }, { seed: 1 }, { seed: 2, topK: 5, repetitionPenalty: 1.2 }),
  cacheScope: fc.constantFrom('x', 'y'),
  delay: fc.nat(20),
  leaveAfter: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 6 })),
});

/** Its caches can't even be emptied. */
class StuckRunner extends FakeRunner {
  override createCache(): KvCache {
    return Object.assign(super.createCache(), {
      truncate: () => {
        throw new Error('stuck');
      },
    });
  }
}

function anEngine(runnerOptions: FakeRunnerOptions = {}, options: EngineOptions = {}) {
  const runner = new FakeRunner(runnerOptions);
  return { runner, engine: new Engine(runner, options) };
}

function ask(content: string): Pick<GenerateRequest, 'prompt'> {
  return { prompt: [{ role: 'user', content }] };
}

async function collect(engine: Engine, request: Partial<GenerateRequest>): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of engine.generate({ model: 'fake', prompt: 'x', ...request })) events.push(event);
  return events;
}

async function textOf(engine: Engine, request: Partial<GenerateRequest>): Promise<string> {
  return toText(await collect(engine, request));
}

function toText(events: readonly GenerationEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
}

/** Holds passes until they are let through. */
function aGate() {
  let count = 0;
  let isOpen = false;
  let release = (): void => undefined;
  const arrivals: (() => void)[] = [];
  return {
    wait: async (): Promise<void> => {
      count += 1;
      for (const arrive of arrivals.splice(0)) arrive();
      if (!isOpen) await new Promise<void>((resolve) => (release = resolve));
    },
    /** Waits until this many passes came. */
    reached: async (wanted: number): Promise<void> => {
      while (count < wanted) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
    /** Lets the one that waits through. */
    pass: (): void => release(),
    open: (): void => {
      isOpen = true;
      release();
    },
  };
}
