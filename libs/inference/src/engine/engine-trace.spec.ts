import type { GenerateRequest } from '../contract.js';
import { FakeRunner, type FakeRunnerOptions } from '../testing/index.js';
import { Engine, type EngineOptions } from './engine.js';
import type { TraceEvent } from './trace.js';

describe('the trace of an engine', () => {
  it('follows a request through its phases', async () => {
    const { engine, events } = tracing({}, { chunkTokens: 4 });
    await read(engine, { maxTokens: 2 });
    const request = events.filter(({ category }) => category === 'request');
    expect(request.map(({ type, name, counts }) => [type, name, counts])).toEqual([
      ['begin', 'request', { promptTokens: 6 }],
      ['begin', 'queued', undefined],
      ['end', 'queued', undefined],
      ['begin', 'reading', undefined],
      ['end', 'reading', undefined],
      ['begin', 'writing', undefined],
      ['end', 'writing', undefined],
      ['end', 'request', { cachedTokens: 0, completionTokens: 2 }],
    ]);
    expect(new Set(request.map(({ id }) => id)).size).toBe(1);
  });

  it('says what each step did, and what of it took how long', async () => {
    const { engine, events } = tracing({}, { chunkTokens: 4 });
    await read(engine, { maxTokens: 2 });
    const steps = events.filter(({ name }) => name === 'step');
    const base = { sequences: 1, readTokens: 0, writeRows: 0, draftTokens: 0, acceptedTokens: 0 };
    expect(steps.map(({ counts }) => counts)).toEqual([
      { ...base, readTokens: 4 },
      { ...base, readTokens: 2 },
      { ...base, writeRows: 1 },
    ]);
    for (const step of steps) {
      const parts = events.filter((event) => event.category === 'step' && event !== step && lies(event, step));
      expect(parts.map(({ name }) => name)).toEqual(['forward', 'advance']);
    }
  });

  it('counts what was drafted and what of it was right', async () => {
    const { engine, events } = tracing();
    const text = 'ab ab ab ab ab ab ab';
    await read(engine, { prompt: [{ role: 'user', content: text }] });
    const total = (name: string): number => events.reduce((sum, { counts }) => sum + (counts?.[name] ?? 0), 0);
    const { draftedTokens, acceptedTokens, steps } = engine.stats();
    expect(acceptedTokens).toBeGreaterThan(0);
    expect([total('draftTokens'), total('acceptedTokens')]).toEqual([draftedTokens, acceptedTokens]);
    expect(total('writeRows')).toBe(steps - 1 + draftedTokens);
  });

  it('ends every span, whatever becomes of the request', async () => {
    const { engine, events } = tracing(
      {
        beforeForward: ({ number }) => {
          if (number === 3) throw new Error('broken');
        },
      },
      { slots: 1 },
    );
    const controller = new AbortController();
    const all = Promise.allSettled([
      read(engine, { prompt: 'one', maxTokens: 9 }),
      read(engine, { prompt: 'two', maxTokens: 1, signal: controller.signal }),
      read(engine, { prompt: 'three', maxTokens: 3 }),
    ]);
    controller.abort();
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    const open = new Map<string, number>();
    for (const { type, name, id } of events) {
      const key = `${id} ${name}`;
      if (type === 'begin') open.set(key, (open.get(key) ?? 0) + 1);
      if (type === 'end') open.set(key, (open.get(key) ?? 0) - 1);
    }
    expect([...open.values()].every((count) => count === 0)).toBe(true);
    expect(open.size).toBe(3 + 3 + 2 + 2);
  });

  it('holds nothing that was said', async () => {
    const { engine, events } = tracing({ respond: () => 'an answer of gold' });
    await read(engine, { prompt: [{ role: 'user', content: 'a very secret question' }], cacheScope: 'key_1' });
    const text = JSON.stringify(events);
    for (const secret of ['secret', 'gold', 'key_1']) expect(text).not.toContain(secret);
  });
});

function lies(part: TraceEvent, whole: TraceEvent): boolean {
  const end = ({ atMs, durationMs = 0 }: TraceEvent): number => atMs + durationMs;
  return part.atMs >= whole.atMs && end(part) <= end(whole);
}

/** Every look at the clock takes a millisecond. */
function tracing(runnerOptions: FakeRunnerOptions = {}, options: EngineOptions = {}) {
  const events: TraceEvent[] = [];
  let ms = 0;
  const engine = new Engine(new FakeRunner(runnerOptions), {
    trace: { event: (event) => void events.push(event) },
    now: () => (ms += 1),
    ...options,
  });
  return { engine, events };
}

async function read(engine: Engine, request: Partial<GenerateRequest>): Promise<void> {
  const prompt = 'xxxxxx';
  const sampling = { temperature: 0 };
  for await (const event of engine.generate({ model: 'fake', prompt, sampling, ...request }))
    if (event.type === 'end') return;
}
