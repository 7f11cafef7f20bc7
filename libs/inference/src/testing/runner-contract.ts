import type { ForwardItem, KvCache, ModelRunner } from '../engine/model-runner.js';
import type { ContractTestRunner } from './backend-contract.js';

export interface RunnerContractOptions {
  /** The model's logits after the last of some tokens, to compare with. @default what the runner computes in one go */
  readonly reference?: ((tokens: readonly number[]) => ArrayLike<number>) | undefined;
  /**
   * How far logits of the same tokens may be from the reference, and from one another where the runner promises no exact
   * rows, or reads on one way and writes on another. After other tokens they must be further away.
   *
   * @default 0
   */
  readonly tolerance?: number | undefined;
  /** Some tokens of plain text, others for another seed. @default letters of ASCII by their codes, from 32 on */
  readonly tokens?: ((count: number, seed: number) => number[]) | undefined;
}

type Logits = readonly number[];
type Read = (cache: KvCache, tokens: readonly number[], logitRows?: number) => Promise<readonly Logits[]>;

/** What a test gets: a runner of its own, and shorter ways to use it. */
interface Bench {
  readonly runner: ModelRunner;
  readonly forward: (items: readonly ForwardItem[], signal?: AbortSignal) => Promise<readonly (readonly Logits[])[]>;
  /** Appends as parts of a prompt. */
  readonly read: Read;
  /** Appends as tokens that are written, the first one with drafts behind it. */
  readonly write: Read;
  /** The logits after the last of some tokens: the reference's, or what a free cache gives. */
  readonly expected: (tokens: readonly number[]) => Promise<Logits>;
}

/**
 * What every `ModelRunner` must do, as tests. `createRunner` makes a new runner for each test, with at least 3 slots of at
 * least 64 positions; the contract disposes of it.
 */
export function runnerContract(
  { it, expect }: ContractTestRunner,
  createRunner: () => ModelRunner | Promise<ModelRunner>,
  options: RunnerContractOptions = {},
): void {
  const { tolerance = 0, tokens: someTokens = letters } = options;

  const test = (title: string, run: (bench: Bench) => Promise<void>): void =>
    it(title, async () => {
      const runner = await createRunner();
      const caches = new Set<KvCache>();
      const tracked = trackCaches(runner, caches);
      try {
        await run(benchOf(tracked, options.reference));
      } finally {
        for (const cache of caches) cache.dispose();
        await runner.dispose();
      }
    });

  /** Fails, and says by how much, when logits are further from one another than is allowed. */
  const expectClose = (received: Logits | undefined, expected: Logits | undefined, most = tolerance): void => {
    const difference = distance(received, expected);
    expect(difference <= most ? 'close enough' : `${difference} apart, more than ${most}`).toBe('close enough');
  };
  const expectApart = (received: Logits | undefined, other: Logits | undefined): void => {
    const difference = distance(received, other);
    expect(difference > tolerance ? 'apart' : `${difference} apart, no more than ${tolerance}`).toBe('apart');
  };
  /** Of tokens that take the same way. */
  const exactness = ({ runner }: Bench): number => (runner.exactRows ? 0 : tolerance);

  test('says what it is', async ({ runner }) => {
    const { card, slots, vocabularySize, longestDraft } = runner;
    expect([card.contextLength, slots, vocabularySize].every((size) => Number.isInteger(size) && size > 0)).toBe(true);
    expect(Number.isInteger(longestDraft) && longestDraft >= 0).toBe(true);
    expect(slots >= 3 && card.contextLength >= 64).toBe(true);
    const cache = runner.createCache();
    // Drafts are of no use where what is wrong can't be taken back.
    await benchOf(runner).read(cache, someTokens(4, 1));
    expect(longestDraft === 0 || cache.keepable(2) === 2).toBe(true);
    cache.dispose();
  });

  test('hands out as many caches as it has slots, empty ones', async (bench) => {
    const { runner, read } = bench;
    const caches = Array.from({ length: runner.slots }, () => runner.createCache());
    expect(caches.map(({ length }) => length)).toEqual(caches.map(() => 0));
    expect(nameOf(catchOf(() => runner.createCache()))).toBe('RangeError');
    const tokens = someTokens(12, 1);
    const [logits] = await read(caches[1] as KvCache, tokens);
    await read(caches[2] as KvCache, someTokens(30, 2));
    caches[2]?.dispose();
    const again = runner.createCache();
    expect(again.length).toBe(0);
    expectClose((await read(again, tokens))[0], logits);
    expect(nameOf(catchOf(() => runner.createCache()))).toBe('RangeError');
  });

  test('refuses caches of others', async ({ runner, read }) => {
    const other = await createRunner();
    const foreign = other.createCache();
    const gone = runner.createCache();
    gone.dispose();
    for (const cache of [foreign, gone]) expect(await failureOf(read(cache, [40]))).toBe('refused');
    foreign.dispose();
    await other.dispose();
  });

  test('refuses no tokens, and more than there is room for, before it computes', async (bench) => {
    const { runner, forward, read } = bench;
    const tokens = someTokens(runner.card.contextLength, 3);
    const [prompt, start] = [tokens.slice(0, -1), someTokens(8, 4)];
    const [ofAll, ofStart] = [await bench.expected(tokens), await bench.expected([...start, 50])];
    const [first, full, third] = [runner.createCache(), runner.createCache(), runner.createCache()];
    await read(full, prompt, 0);
    for (const cache of [first, third]) await read(cache, start, 0);
    for (const wrong of [[], someTokens(2, 5)]) {
      const items = [item(first, [50], 'write', 1), item(full, wrong, 'read', Math.min(1, wrong.length))];
      const failure = await forward(items).catch(nameOf);
      expect([failure, first.length, full.length]).toEqual(['RangeError', start.length, prompt.length]);
    }
    // Nothing changed; the last position can be used, and a full cache stands beside others.
    expectClose((await read(full, tokens.slice(-1)))[0], ofAll);
    expect(full.length).toBe(runner.card.contextLength);
    expect(await read(full, [40]).catch(nameOf)).toBe('RangeError');
    const rows = await forward([first, third].map((cache) => item(cache, [50], 'write', 1)));
    for (const [logits] of rows) expectClose(logits, ofStart);
    const kept = full.truncate(prompt.length);
    expectClose((await read(full, tokens.slice(kept)))[0], ofAll);
  });

  test('reads a prompt in any chunks, and writes on, as in one go', async (bench) => {
    const { runner, read, write } = bench;
    const tokens = someTokens(40, 1);
    for (const parts of [[40], [16, 17, 7], [1, 38, 1], [39, 1]]) {
      const cache = runner.createCache();
      let at = 0;
      for (const part of parts) {
        const [logits] = await read(cache, tokens.slice(at, (at += part)));
        expectClose(logits, await bench.expected(tokens.slice(0, at)));
        expect(cache.length).toBe(at);
      }
      cache.dispose();
    }
    const cache = runner.createCache();
    expect(await read(cache, tokens.slice(0, 33), 0)).toEqual([]);
    for (let at = 33; at < 40; at++) {
      expectClose((await write(cache, tokens.slice(at, at + 1)))[0], await bench.expected(tokens.slice(0, at + 1)));
    }
    // All of the tokens count, not the last ones alone.
    expectApart(await bench.expected(tokens), await bench.expected([...someTokens(34, 2), ...tokens.slice(34)]));
  });

  test('reads the same wherever reading begins, also behind another reader', async (bench) => {
    const { runner, read } = bench;
    const tokens = someTokens(60, 10);
    const other = runner.createCache();
    const whole = runner.createCache();
    const [expected] = await read(whole, tokens);
    for (const [round, from] of [1, 16, 33, 58, 59, 0, 2, 50].entries()) {
      const cache = runner.createCache();
      await read(cache, tokens.slice(0, Math.max(1, from)), 0);
      const kept = whole.truncate(from);
      if (round < 5) await read(other, tokens.slice(other.length, other.length + 3));
      const start = cache.length;
      expectClose((await read(cache, tokens.slice(start)))[0], expected, exactness(bench));
      if (round < 5) await read(other, tokens.slice(other.length, other.length + 3));
      expectClose((await read(whole, tokens.slice(kept)))[0], expected, exactness(bench));
      cache.dispose();
    }
  });

  test('gives the logits after each token that is asked for, in their order', async (bench) => {
    const { runner, read, write } = bench;
    const tokens = someTokens(60, 12);
    const single = runner.createCache();
    await read(single, tokens.slice(0, 20), 0);
    const rows: Logits[] = [];
    for (let at = 20; at < 54; at++) rows.push(...(await write(single, tokens.slice(at, at + 1))));
    expect(rows.length).toBe(34);
    expect(rows.every(({ length }) => length === runner.vocabularySize)).toBe(true);
    for (const drafts of new Set([0, 1, 2, 7, 16, 32].map((count) => Math.min(count, runner.longestDraft)))) {
      const cache = runner.createCache();
      await read(cache, tokens.slice(0, 20), 0);
      const received = await write(cache, tokens.slice(20, 21 + drafts), 1 + drafts);
      expect(received.length).toBe(1 + drafts);
      for (const [at, logits] of received.entries()) expectClose(logits, rows[at], exactness(bench));
      // Fewer rows are the last ones.
      const [last] = await write(cache, tokens.slice(21 + drafts, 22 + drafts), 1);
      expectClose(last, rows[1 + drafts], exactness(bench));
      cache.dispose();
    }
  });

  test('serves readers and writers in one pass, in any order, over idle caches in their middle', async (bench) => {
    const { runner, forward, read, expected } = bench;
    const texts = [someTokens(20, 2), someTokens(9, 3), someTokens(30, 4)];
    const longer = [...someTokens(20, 2), ...someTokens(11, 5)];
    const [first, second, third] = [
      await expected(longer),
      await expected(someTokens(9, 3)),
      await expected(someTokens(30, 4)),
    ];
    const caches = texts.map(() => runner.createCache());
    const cacheAt = (at: number): KvCache => caches[at] as KvCache;
    const textAt = (at: number): readonly number[] => texts[at] as readonly number[];
    await forward([0, 1, 2].map((at) => item(cacheAt(at), textAt(at).slice(0, -1), 'read', 0)));
    const received = await forward([
      item(cacheAt(2), textAt(2).slice(-1), 'write', 1),
      item(cacheAt(0), longer.slice(19), 'read', 1),
    ]);
    expect(received.map(({ length }) => length)).toEqual([1, 1]);
    expectClose(received[0]?.[0], third);
    expectClose(received[1]?.[0], first);
    expect(caches.map(({ length }) => length)).toEqual([longer.length, 8, 30]);
    expectClose((await read(cacheAt(1), textAt(1).slice(-1)))[0], second);
  });

  test('writes the same alone and in company', async (bench) => {
    const { runner, forward, read } = bench;
    const indexes = Array.from({ length: Math.min(4, runner.slots) }, (_, at) => at);
    const write = async (chosen: readonly number[]) => {
      const caches = indexes.map(() => runner.createCache());
      for (const at of indexes) await read(caches[at] as KvCache, someTokens(9 + 7 * at, at), 0);
      const rows = await forward(chosen.map((at) => item(caches[at] as KvCache, [65], 'write', 1)));
      caches.forEach((cache) => cache.dispose());
      return rows.map(([logits]) => logits);
    };
    const together = await write(indexes);
    for (const at of indexes) expectClose((await write([at]))[0], together[at], exactness(bench));
    const some = await write([2, 0]);
    expectClose(some[0], together[2], exactness(bench));
    expectClose(some[1], together[0], exactness(bench));
    expectApart(together[0], together[1]);
  });

  test('forgets what is truncated, as much as it can', async (bench) => {
    const { runner, read, write, expected } = bench;
    const cache = runner.createCache();
    const tokens = someTokens(12, 7);
    await read(cache, someTokens(30, 8), 0);
    expect([cache.truncate(0), cache.length]).toEqual([0, 0]);
    for (const from of [6, 1, 11]) {
      await read(cache, tokens.slice(0, from), 0);
      await read(cache, someTokens(9, 9), 0);
      await write(cache, [70]);
      const [length, kept] = [cache.length, cache.keepable(from)];
      // Where one state is kept, it is all or nothing.
      expect(kept === from || kept === 0).toBe(true);
      expect([cache.keepable(0), cache.keepable(length)]).toEqual([0, length]);
      expect([cache.truncate(length), cache.length]).toEqual([length, length]);
      expect([cache.truncate(from), cache.length]).toEqual([kept, kept]);
      expectClose((await read(cache, tokens.slice(kept)))[0], await expected(tokens));
      cache.truncate(0);
    }
  });

  test('lets a pass be aborted; emptied caches are as good as new then, others as they were', async (bench) => {
    const { runner, forward, read, expected } = bench;
    const [cache, other] = [runner.createCache(), runner.createCache()];
    const [tokens, others] = [someTokens(60, 11), someTokens(9, 12)];
    await read(other, others.slice(0, 8), 0);
    for (const when of ['before', 'at once', 'later']) {
      await read(cache, someTokens(3, 13), 0);
      const controller = new AbortController();
      const reason = new Error(when);
      if (when === 'before') controller.abort(reason);
      const pass = forward([item(cache, tokens.slice(0, 50), 'read', 1)], controller.signal);
      const outcome = pass.then(
        () => 'done',
        (error: unknown) => (error === reason ? 'aborted' : error),
      );
      if (when === 'later') await new Promise((resolve) => setTimeout(resolve, 1));
      controller.abort(reason);
      // A pass may end as if nothing had been said.
      expect([await outcome].every((result) => result === 'done' || result === 'aborted')).toBe(true);
      cache.truncate(0);
      expect(cache.length).toBe(0);
      expectClose((await read(cache, tokens.slice(0, 20)))[0], await expected(tokens.slice(0, 20)));
      cache.truncate(0);
    }
    expectClose((await read(other, others.slice(8)))[0], await expected(others));
  });

  it('refuses what comes after it was disposed of', async () => {
    const runner = await createRunner();
    const cache = runner.createCache();
    await benchOf(runner).read(cache, someTokens(3, 1));
    const next = benchOf(runner);
    cache.dispose();
    await runner.dispose();
    expect(await failureOf(next.read(cache, [40]))).toBe('refused');
  });
}

function item(cache: KvCache, tokens: readonly number[], kind: ForwardItem['kind'], logitRows: number): ForwardItem {
  return { cache, tokens, kind, logitRows };
}

/** The same runner; the caches that it hands out are remembered until they are disposed of. */
function trackCaches(runner: ModelRunner, caches: Set<KvCache>): ModelRunner {
  const createCache = runner.createCache.bind(runner);
  return Object.assign(runner, {
    createCache: (): KvCache => {
      const cache = createCache();
      caches.add(cache);
      const dispose = cache.dispose.bind(cache);
      cache.dispose = () => {
        caches.delete(cache);
        dispose();
      };
      return cache;
    },
  });
}

function benchOf(runner: ModelRunner, reference?: RunnerContractOptions['reference']): Bench {
  const forward: Bench['forward'] = async (items, signal) => {
    const rows = await runner.forward(items, signal);
    // Copies: rows may be memory that the next pass overwrites.
    return rows.map((own) => own.map((logits) => Array.from(logits)));
  };
  const append =
    (kind: ForwardItem['kind']): Read =>
    async (cache, tokens, logitRows = 1) =>
      (await forward([item(cache, tokens, kind, logitRows)]))[0] ?? [];
  const read = append('read');
  return {
    runner,
    forward,
    read,
    write: append('write'),
    expected: async (tokens) => {
      if (reference) return Array.from(reference(tokens));
      const cache = runner.createCache();
      const [logits = []] = await read(cache, tokens);
      cache.dispose();
      return logits;
    },
  };
}

function letters(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, at) => 32 + ((seed * 101 + at * 37 + ((at * at) % 11)) % 95));
}

/** The largest difference between two rows of logits; NaN, which is less than nothing, when they don't match. */
function distance(received: Logits | undefined, expected: Logits | undefined): number {
  if (!received || received.length === 0 || received.length !== expected?.length) return NaN;
  return Math.max(...received.map((logit, at) => Math.abs(logit - (expected[at] ?? NaN))));
}

function catchOf(attempt: () => unknown): unknown {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

/** 'refused' when a promise is rejected with an error, else what came of it. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? 'refused' : String(error)),
  );
}
