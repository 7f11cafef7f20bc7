import { FakeRunner } from './fake-runner.js';
import { runnerContract } from './runner-contract.js';

describe.each([true, false])('FakeRunner as a runner whose caches can be shortened: %p', (canTruncate) => {
  runnerContract({ it, expect }, () => new FakeRunner({ slots: 4, contextLength: 80, canTruncate }));
});

describe('FakeRunner as a runner that takes its time', () => {
  runnerContract({ it, expect }, () => new FakeRunner({ slots: 3, contextLength: 64, delayMs: 1, longestDraft: 5 }));
});

describe('FakeRunner', () => {
  it('answers from what the cache holds alone', async () => {
    const runner = new FakeRunner();
    const tokens = runner.tokenizer.encodeChat([{ role: 'user', content: 'Hi' }]);
    const [whole, parts] = [runner.createCache(), runner.createCache()];
    const [[first] = []] = await runner.forward([{ cache: whole, tokens, kind: 'read', logitRows: 1 }]);
    const [none] = await runner.forward([{ cache: parts, tokens: tokens.slice(0, 2), kind: 'read', logitRows: 0 }]);
    const [[second] = []] = await runner.forward([
      { cache: parts, tokens: tokens.slice(2), kind: 'read', logitRows: 1 },
    ]);
    expect(none).toEqual([]);
    expect(second).toEqual(first);
    expect(first?.indexOf(Math.max(...first))).toBe('H'.charCodeAt(0));
    expect([whole.length, parts.length]).toEqual([tokens.length, tokens.length]);
    expect(runner.calls[2]).toEqual({
      number: 2,
      items: [{ slot: 1, before: tokens.slice(0, 2), tokens: tokens.slice(2), kind: 'read', logitRows: 1 }],
    });
  });

  it('answers row by row what it would answer token by token', async () => {
    const runner = new FakeRunner();
    const tokens = runner.tokenizer.encode('Once upon');
    const [whole, parts] = [runner.createCache(), runner.createCache()];
    const [rows = []] = await runner.forward([{ cache: whole, tokens, kind: 'read', logitRows: 3 }]);
    const single: unknown[] = [];
    for (const token of tokens) {
      const [row = []] = await runner.forward([{ cache: parts, tokens: [token], kind: 'write', logitRows: 1 }]);
      single.push(...row);
    }
    expect(rows).toEqual(single.slice(-3));
  });

  it('throws when it is used against the contract', async () => {
    const runner = new FakeRunner({ slots: 2, contextLength: 4, longestDraft: 2 });
    const [cache, other] = [runner.createCache(), runner.createCache()];
    const item = { cache, tokens: [1], kind: 'read', logitRows: 1 } as const;
    expect(() => runner.createCache()).toThrow(RangeError);
    await expect(runner.forward([])).rejects.toThrow('at least one');
    await expect(runner.forward([item, item])).rejects.toThrow('Each cache once');
    await expect(runner.forward([{ ...item, tokens: [] }])).rejects.toThrow('needs a token');
    await expect(runner.forward([{ ...item, tokens: [261] }])).rejects.toThrow('No such token');
    await expect(runner.forward([{ ...item, tokens: [1, 2, 3, 4, 5] }])).rejects.toThrow('full');
    await expect(runner.forward([{ ...item, kind: 'write', tokens: [1, 2, 3, 4] }])).rejects.toThrow('2 tokens');
    await expect(runner.forward([{ ...item, logitRows: 2 }])).rejects.toThrow('no 2 rows');
    await expect(runner.forward([{ ...item, cache: new FakeRunner().createCache() }])).rejects.toThrow('no cache');
    expect(() => other.truncate(1)).toThrow(RangeError);
    await expect(runner.dispose()).rejects.toThrow('disposed of first');
    const running = runner.forward([item]);
    await expect(runner.forward([{ ...item, cache: other }])).rejects.toThrow('running already');
    await running;
  });

  it('does not go on with a cache whose pass failed, before it is emptied', async () => {
    const runner = new FakeRunner({
      beforeForward: ({ number }) => {
        if (number === 1) throw new Error('broken');
      },
    });
    const cache = runner.createCache();
    const item = { cache, tokens: [1, 2], kind: 'read', logitRows: 1 } as const;
    await runner.forward([item]);
    await expect(runner.forward([item])).rejects.toThrow('broken');
    await expect(runner.forward([item])).rejects.toThrow('unknown');
    expect(() => cache.truncate(1)).toThrow('unknown');
    expect(cache.truncate(0)).toBe(0);
    expect(await runner.forward([item])).toHaveLength(1);
  });

  it('ends a pass early with the reason of its signal', async () => {
    const runner = new FakeRunner({ delayMs: 60_000 });
    const controller = new AbortController();
    const pass = runner.forward(
      [{ cache: runner.createCache(), tokens: [1], kind: 'read', logitRows: 1 } as const],
      controller.signal,
    );
    controller.abort(new Error('enough'));
    await expect(pass).rejects.toThrow('enough');
  });
});
