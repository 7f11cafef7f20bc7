import fc from 'fast-check';
import { FakeRunner, FakeTokenizer } from '../testing/index.js';
import { countTokens } from './count-tokens.js';
import { Scheduler, type SchedulerOptions, type StepItem } from './scheduler.js';
import { Sequence } from './sequence.js';
import { Slot } from './slot.js';
import { TextAssembler } from './text-assembler.js';

describe('Scheduler', () => {
  it('starts a sequence where the best cache ends', () => {
    const { scheduler, compute } = scheduling({ slots: 2 });
    const first = aSequence({ prompt: 'You are kind. Hello' });
    scheduler.add(first);
    compute(scheduler.plan());
    first.cancel();

    const second = aSequence({ prompt: 'You are kind. Goodbye' });
    scheduler.add(second);
    scheduler.plan();

    expect(second.cachedTokens).toBe('You are kind. '.length);
  });

  it('always leaves a token to read', () => {
    const { scheduler, finish } = scheduling({ slots: 1 });
    finish(aSequence({ prompt: 'the same' }));
    const again = aSequence({ prompt: 'the same' });
    scheduler.add(again);

    expect(scheduler.plan()).toMatchObject([{ tokens: [101], logitRows: 1 }]);
    expect(again.cachedTokens).toBe('the sam'.length);
  });

  it('reads a repeated prompt from the cache, however long the answer was', () => {
    const { finish } = scheduling({ slots: 2 });
    finish(aSequence({ prompt: 'short', maxTokens: 100 }));
    const again = aSequence({ prompt: 'short' });
    finish(again);

    expect(again.cachedTokens).toBe('shor'.length);
  });

  it('does not take the cache of another scope', () => {
    const { finish } = scheduling({ slots: 1 });
    finish(aSequence({ prompt: 'secret one', cacheScope: 'a' }));
    const [other, none, same] = [
      aSequence({ prompt: 'secret two', cacheScope: 'b' }),
      aSequence({ prompt: 'secret two' }),
      aSequence({ prompt: 'secret three' }),
    ];
    for (const sequence of [other, none, same]) finish(sequence);

    expect([other, none, same].map(({ cachedTokens }) => cachedTokens)).toEqual([0, 0, 'secret t'.length]);
  });

  it('lets two conversations that share few tokens keep their caches', () => {
    const { finish } = scheduling({ slots: 2 });
    const [a, b] = ['Be kind. Tell me about Paris.', 'Be kind. What is a monad, please?'];
    finish(aSequence({ prompt: a }));
    finish(aSequence({ prompt: b }));
    const [moreA, moreB] = [aSequence({ prompt: `${a} And?` }), aSequence({ prompt: `${b} And?` })];
    finish(moreA);
    finish(moreB);

    expect([moreA.cachedTokens, moreB.cachedTokens]).toEqual([a.length, b.length]);
  });

  it('gives up the cache that was used longest ago', () => {
    const { finish } = scheduling({ slots: 2 });
    for (const prompt of ['aaaa', 'bbbb', 'aaaaa', 'cccc']) finish(aSequence({ prompt }));
    const [a, b] = [aSequence({ prompt: 'aaaaaa' }), aSequence({ prompt: 'bbbbb' })];
    finish(a);
    finish(b);

    expect([a.cachedTokens, b.cachedTokens]).toEqual([5, 0]);
  });

  it('reads everything again where a cache cannot be shortened', () => {
    const { finish } = scheduling({ slots: 1, canTruncate: false });
    finish(aSequence({ prompt: 'one two' }));
    const other = aSequence({ prompt: 'one three' });
    finish(other);

    expect(other.cachedTokens).toBe(0);
  });

  it('lets writers go on while a long prompt is read', () => {
    const { scheduler, compute } = scheduling({ slots: 3, chunkTokens: 4 });
    const writers = [aSequence({ prompt: 'ab', maxTokens: 50 }), aSequence({ prompt: 'c', maxTokens: 50 })];
    for (const writer of writers) scheduler.add(writer);
    compute(scheduler.plan());
    scheduler.add(aSequence({ prompt: 'a long prompt' }));

    const sizes = Array.from({ length: 5 }, () => {
      const step = scheduler.plan();
      compute(step);
      return step.map(({ tokens }) => tokens.length);
    });
    expect(sizes).toEqual([
      [1, 1, 4],
      [1, 1, 4],
      [1, 1, 4],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  it('reads as much beside writers as time allows, and everything alone', () => {
    const { scheduler, compute } = scheduling({ slots: 2, chunkTokens: 100, longestStepMs: 150 });
    const stepOf = (msPerToken: number): number => {
      const step = scheduler.plan();
      compute(step);
      const { readTokens } = countTokens(step);
      scheduler.record({ readTokens, writeRows: 0, durationMs: readTokens * msPerToken });
      return readTokens;
    };
    scheduler.add(aSequence({ prompt: 'x'.repeat(300), maxTokens: 50 }));
    const alone = [stepOf(5), stepOf(5), stepOf(5)];
    scheduler.add(aSequence({ prompt: 'y'.repeat(300), maxTokens: 50 }));

    expect(alone).toEqual([100, 100, 100]);
    expect([stepOf(5), stepOf(5), stepOf(5), stepOf(5), stepOf(1), stepOf(1)]).toEqual([25, 25, 25, 25, 25, 38]);
  });

  it('lets readers take turns', () => {
    const { scheduler, compute } = scheduling({ slots: 3, chunkTokens: 4 });
    const [long, other, short] = [
      aSequence({ prompt: 'x'.repeat(20) }),
      aSequence({ prompt: 'y'.repeat(12) }),
      aSequence({ prompt: 'zzz' }),
    ];
    for (const sequence of [long, other, short]) scheduler.add(sequence);
    const order = Array.from({ length: 6 }, () => {
      const step = scheduler.plan();
      compute(step);
      return step
        .filter(({ tokens }) => tokens.length > 1)
        .map(({ sequence }) => [long, other, short].indexOf(sequence));
    });
    expect(order).toEqual([[0], [1], [2], [0], [1], [0]]);
  });

  it('reads several short prompts in one step', () => {
    const { scheduler } = scheduling({ slots: 4, chunkTokens: 8 });
    for (const prompt of ['abc', 'def', 'ghi', 'jkl']) scheduler.add(aSequence({ prompt }));

    expect(scheduler.plan().map(({ tokens }) => tokens.length)).toEqual([3, 3]);
  });

  it('says that it is overloaded instead of queueing without end', () => {
    const { scheduler } = scheduling({ slots: 1, queue: 2 });
    const sequences = Array.from({ length: 3 }, () => aSequence());
    for (const sequence of sequences) scheduler.add(sequence);
    const refused = expect.objectContaining({ code: 'overloaded', details: { retryAfter: 1 } });
    expect(() => scheduler.add(aSequence())).toThrow(refused);
    scheduler.plan();
    expect(() => scheduler.add(aSequence())).toThrow(refused);

    sequences[2]?.cancel();
    scheduler.add(aSequence());
    expect({ running: scheduler.running, waiting: scheduler.waiting }).toEqual({ running: 1, waiting: 2 });
  });

  it.each([{ queue: -1 }, { queue: 1.5 }, { chunkTokens: 0 }, { tokensPerStep: NaN }, { longestStepMs: 0 }])(
    'refuses %j',
    (options) => {
      expect(() => scheduling({ slots: 1, ...options })).toThrow(TypeError);
    },
  );

  it('keeps its promises over any arrivals and departures', () => {
    fc.assert(
      fc.property(anyOptions, fc.array(anyCommand, { maxLength: 60 }), (options, commands) => {
        const world = scheduling(options);
        const { scheduler } = world;
        const accepted: Sequence[] = [];
        const lastProgress = new Map<Sequence, number>();
        let steps = 0;
        const step = (): void => {
          steps += 1;
          const items = scheduler.plan();
          checkStep(items, world.slots, options);
          for (const { sequence } of items) lastProgress.set(sequence, steps);
          // Readers take turns: nobody with a slot waits longer than a round.
          for (const { sequence } of world.slots) {
            if (!sequence) continue;
            if (!lastProgress.has(sequence)) lastProgress.set(sequence, steps);
            expect(steps - (lastProgress.get(sequence) ?? NaN)).toBeLessThan(options.slots);
          }
          world.compute(items);
          scheduler.record({ ...countTokens(items), durationMs: (steps * 37) % 50 });
        };
        for (const command of commands) {
          if (command.type === 'step') step();
          else if (command.type === 'cancel') accepted[command.index % (accepted.length || 1)]?.cancel();
          else if (scheduler.waiting < options.queue) {
            const sequence = aSequence(command);
            scheduler.add(sequence);
            accepted.push(sequence);
          }
        }
        const needed = accepted.reduce((sum, { promptLength }) => sum + promptLength + 12, 2);
        while (scheduler.running + scheduler.waiting > 0 && steps < commands.length + needed) step();
        scheduler.plan();

        expect(accepted.every(({ finished }) => finished)).toBe(true);
        expect({ running: scheduler.running, waiting: scheduler.waiting }).toEqual({ running: 0, waiting: 0 });
        for (const sequence of accepted) expect(sequence.cachedTokens).toBeLessThan(sequence.promptLength);
      }),
      { numRuns: 300 },
    );
  });
});

interface WorldOptions extends SchedulerOptions {
  readonly slots: number;
  readonly canTruncate?: boolean;
}

const anyOptions = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  queue: fc.integer({ min: 1, max: 6 }),
  chunkTokens: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 20, max: 40 })),
  longestStepMs: fc.integer({ min: 1, max: 100 }),
  tokensPerStep: fc.integer({ min: 1, max: 12 }),
  canTruncate: fc.boolean(),
});

const anyCommand = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('step' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel' as const), index: fc.nat(100) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      prompt: fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 60 }),
      maxTokens: fc.integer({ min: 1, max: 10 }),
      cacheScope: fc.constantFrom(undefined, 'x', 'y'),
    }),
  },
);

function checkStep(items: readonly StepItem[], slots: readonly Slot[], options: Required<WorldOptions>): void {
  const { chunkTokens, tokensPerStep } = options;
  expect(new Set(items.map(({ slot }) => slot)).size).toBe(items.length);
  expect(new Set(items.map(({ sequence }) => sequence)).size).toBe(items.length);
  const writers = slots.filter(({ sequence, tokens }) => sequence && sequence.tokens.length - tokens.length === 1);
  for (const writer of writers) expect(items.some(({ slot }) => slot === writer)).toBe(true);
  let read = 0;
  for (const { slot, sequence, tokens, logitRows } of items) {
    const end = slot.tokens.length + tokens.length;
    expect(slot.sequence).toBe(sequence);
    expect(sequence.finished).toBe(false);
    expect([...slot.tokens, ...tokens]).toEqual(sequence.tokens.slice(0, end));
    expect(slot.cache.length).toBe(slot.tokens.length);
    expect(logitRows).toBe(end === sequence.tokens.length ? 1 : 0);
    if (logitRows === 0 && writers.length === 0) expect(end % chunkTokens).toBe(0);
    if (!writers.includes(slot)) read += tokens.length;
  }
  expect(read).toBeLessThanOrEqual(Math.max(chunkTokens, tokensPerStep));
}

/** A scheduler over the caches of a fake runner, with a runner's and an engine's part of the work. */
function scheduling({ slots: count, canTruncate = true, ...options }: WorldOptions) {
  const runner = new FakeRunner({ slots: count, canTruncate });
  const slots = Array.from({ length: count }, () => new Slot(runner.createCache()));
  const scheduler = new Scheduler(slots, options);
  const compute = (items: readonly StepItem[]): void => {
    for (const { slot, sequence, tokens, logitRows } of items) {
      (slot.cache as unknown as { tokens: number[] }).tokens.push(...tokens);
      slot.remember(tokens);
      if (logitRows) sequence.advance([new Float32Array(1)]);
    }
  };
  const finish = (sequence: Sequence): void => {
    scheduler.add(sequence);
    while (!sequence.finished) compute(scheduler.plan());
    scheduler.plan();
  };
  return { scheduler, slots, compute, finish };
}

function aSequence(
  options: { prompt?: string; maxTokens?: number | undefined; cacheScope?: string | undefined } = {},
): Sequence {
  const { prompt = 'Hello', maxTokens = 10, cacheScope } = options;
  const tokenizer = new FakeTokenizer();
  return new Sequence({
    model: 'fake',
    prompt: tokenizer.encode(prompt),
    maxTokens,
    tokenizer,
    // A letter that no prompt of these tests has.
    sampler: { next: () => 0x71 },
    assembler: new TextAssembler(),
    cacheScope,
  });
}
