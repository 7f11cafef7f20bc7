import fc from 'fast-check';
import type { GenerateRequest, GenerationEvent } from '../contract.js';
import { FakeRunner, type FakeRunnerOptions } from '../testing/index.js';
import { Engine, type EngineOptions } from './engine.js';

const greedy = { temperature: 0 };

describe('Engine with drafts', () => {
  it('repeats its prompt in a few passes', async () => {
    const text = 'const answer = compute(40 + 2); print(answer); ';
    const [{ runner, engine }, plain] = [anEngine(), anEngine({}, { drafts: false })];
    expect(await collect(engine, ask(text))).toEqual(await collect(plain.engine, ask(text)));

    expect(plain.runner.calls).toHaveLength(text.length + 1);
    expect(runner.calls.length).toBeLessThan(text.length / 3);
    const { draftedTokens, acceptedTokens, generatedTokens, steps } = engine.stats();
    expect({ draftedTokens, acceptedTokens, generatedTokens }).toEqual({
      draftedTokens: runner.calls.reduce((sum, { items }) => sum + (items[0]?.logitRows ?? 0) - 1, 0),
      acceptedTokens: text.length + 1 - runner.calls.length,
      generatedTokens: text.length + 1,
    });
    expect(steps).toBe(runner.calls.length);
    expect(plain.engine.stats()).toMatchObject({ draftedTokens: 0, acceptedTokens: 0 });
  });

  it('measures a plain pass before it drafts', async () => {
    const { runner, engine } = anEngine({ logits: () => onlyA() });
    await collect(engine, { prompt: 'aaaa', maxTokens: 6, sampling: greedy });
    expect(runner.calls.map(({ items }) => items[0]?.tokens.length)).toEqual([4, 1, 4]);
  });

  it('drafts for nobody while there are others', async () => {
    const { runner, engine } = anEngine();
    const texts = ['aaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbb'];
    expect(await Promise.all(texts.map((text) => textOf(engine, ask(text))))).toEqual(texts);
    for (const { items } of runner.calls)
      if (items.length > 1) expect(items.every(({ logitRows }) => logitRows <= 1)).toBe(true);
  });

  it('does not draft where caches can not be shortened', async () => {
    const { runner, engine } = anEngine({ canTruncate: false });
    const text = 'ab ab ab ab ab ab ab';
    expect(await textOf(engine, ask(text))).toBe(text);
    expect(runner.calls.every(({ items }) => items[0]?.logitRows === 1)).toBe(true);
  });

  it('fails a generation whose runner promised too much', async () => {
    const { engine } = anEngine({ canTruncate: false, longestDraft: 8, logits: fickle(3) });
    const failure = collect(engine, { prompt: 'abcabcabcabcabc', maxTokens: 200, sampling: greedy });
    await expect(failure).rejects.toMatchObject({ code: 'engine_failed', cause: { name: 'TypeError' } });
  });

  it('stops drafting while passes with drafts take too long', async () => {
    const clock = { ms: 0 };
    const { runner, engine } = anEngine(
      {
        logits: () => onlyA(),
        beforeForward: ({ items }) => void (clock.ms += items[0]?.logitRows === 1 ? 1 : 100),
      },
      { now: () => clock.ms },
    );
    await collect(engine, { prompt: 'aaaa', maxTokens: 300, sampling: greedy });
    expect(engine.stats().draftedTokens).toBeGreaterThan(0);
    expect(runner.calls.length).toBeGreaterThan(150);
  });

  it('writes what a cancelled generation would have written, for the next one too', async () => {
    const { engine } = anEngine();
    const text = 'one two one two one two one two three';
    const controller = new AbortController();
    const reading = (async () => {
      let seen = '';
      for await (const event of engine.generate({ model: 'fake', ...ask(text), signal: controller.signal })) {
        if (event.type === 'text-delta') seen += event.text;
        expect(text.startsWith(seen)).toBe(true);
        if (seen.length > 9) controller.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(await textOf(engine, ask(text))).toBe(text);
  });

  it('writes the same with and without, greedy and seeded, and leaves the same caches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRequest, { minLength: 1, maxLength: 4 }),
        anyModel,
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 9 }),
        async (requests, { variety, ...model }, times) => {
          const logits = fickle(variety);
          let pass = 0;
          let ms = 0;
          const now = (): number => (ms += (times[(pass += 1) % times.length] ?? 0) + 0.1);
          const drafting = anEngine({ ...model, logits }, { now });
          const plain = anEngine({ ...model, logits }, { drafts: false });
          for (const request of requests)
            expect(await collect(drafting.engine, request)).toEqual(await collect(plain.engine, request));
          const { generatedTokens, acceptedTokens, draftedTokens } = drafting.engine.stats();
          expect(generatedTokens).toBe(plain.engine.stats().generatedTokens);
          expect(drafting.runner.calls.length).toBe(plain.runner.calls.length - acceptedTokens);
          totals.drafted += draftedTokens;
          totals.accepted += acceptedTokens;
        },
      ),
      { numRuns: 120 },
    );
    // The test is worth something only when many drafts are right and many are wrong.
    expect(totals.accepted).toBeGreaterThan(200);
    expect(totals.drafted - totals.accepted).toBeGreaterThan(200);
  }, 60_000);
});

const totals = { drafted: 0, accepted: 0 };

const anyModel = fc.record({
  slots: fc.constant(1),
  longestDraft: fc.constantFrom(1, 2, 7, 32),
  contextLength: fc.constantFrom(60, 200),
  variety: fc.constantFrom(1, 2, 3),
});

const anyRequest = fc.record(
  {
    prompt: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 40 }),
    maxTokens: fc.integer({ min: 1, max: 120 }),
    sampling: fc.oneof(
      fc.constant(greedy),
      fc.record({ seed: fc.nat(99), temperature: fc.constantFrom(0.3, 1), topP: fc.constantFrom(0.8, 1) }),
      fc.record({
        seed: fc.nat(99),
        frequencyPenalty: fc.constantFrom(0.1, 1),
        presencePenalty: fc.constantFrom(-1, 0.5),
        repetitionPenalty: fc.constantFrom(1, 1.3),
      }),
    ),
    stop: fc.constantFrom([], ['abca'], ['cc', 'bbbb']),
    cacheScope: fc.constantFrom('x', 'y'),
  },
  { requiredKeys: ['prompt', 'sampling'] },
);

/**
 * A model of three letters that mostly goes round in circles, which depend on the last two letters alone, and now
 * and then does something that depends on everything before. Seldom it ends.
 */
function fickle(variety: number): (tokens: readonly number[]) => Float32Array {
  return (tokens) => {
    let hash = 7;
    for (const token of tokens) hash = Math.imul(hash ^ token, 0x01000193) ^ (hash >>> 13);
    const recent = tokens.slice(-2).reduce((sum, token) => sum * 31 + token, 0);
    const isSurprising = (hash >>> 4) % 16 < variety;
    const logits = new Float32Array(261).fill(-20);
    for (const [at, letter] of [97, 98, 99].entries()) logits[letter] = ((hash >>> (3 * at)) & 7) / 4;
    logits[97 + ((isSurprising ? hash >>> 9 : recent) % 3)] = 4;
    logits[256] = (hash >>> 6) % 150 === 0 ? 9 : -3;
    return logits;
  };
}

function onlyA(): Float32Array {
  const logits = new Float32Array(261);
  logits[97] = 9;
  return logits;
}

/** Passes take no time, unless a clock says so. */
function anEngine(runnerOptions: FakeRunnerOptions = {}, options: EngineOptions = {}) {
  const runner = new FakeRunner(runnerOptions);
  return { runner, engine: new Engine(runner, { now: () => 0, ...options }) };
}

function ask(content: string): Pick<GenerateRequest, 'prompt'> {
  return { prompt: [{ role: 'user', content }] };
}

async function collect(engine: Engine, request: Partial<GenerateRequest>): Promise<unknown[]> {
  const events: GenerationEvent[] = [];
  for await (const event of engine.generate({ model: 'fake', prompt: 'x', ...request })) events.push(event);
  return events;
}

async function textOf(engine: Engine, request: Partial<GenerateRequest>): Promise<string> {
  const events = (await collect(engine, request)) as GenerationEvent[];
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
}
