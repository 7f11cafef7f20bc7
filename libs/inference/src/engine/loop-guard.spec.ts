import fc from 'fast-check';
import { LoopGuard } from './loop-guard.js';

describe('LoopGuard', () => {
  it.each([1, 2, 7, 64])('notices a loop of %d tokens, 512 tokens after it began', (period) => {
    const before = [1000, 1001, 1002];
    expect(firstLoop([...before, ...loop(period, 600)])).toBe(before.length + 512);
  });

  it('lets longer loops and short repetitions be', () => {
    expect(firstLoop(loop(65, 3000))).toBeUndefined();
    expect(firstLoop([...loop(3, 511), 999, ...loop(3, 511)])).toBeUndefined();
  });

  it('agrees with looking at the last 512 tokens as a whole', () => {
    const anyAnswer = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 700 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.flatMap(([period, length]) => loop(period, length)));
    fc.assert(
      fc.property(anyAnswer, (tokens) => {
        expect(firstLoop(tokens)).toBe(firstLoopNaively(tokens));
      }),
      { numRuns: 60 },
    );
  });
});

function loop(period: number, length: number): number[] {
  return Array.from({ length }, (_, index) => index % period);
}

function firstLoop(tokens: readonly number[]): number | undefined {
  const guard = new LoopGuard();
  const index = tokens.findIndex((token) => guard.push(token));
  return index === -1 ? undefined : index + 1;
}

function firstLoopNaively(tokens: readonly number[]): number | undefined {
  for (let end = 512; end <= tokens.length; end += 1) {
    const last = tokens.slice(end - 512, end);
    for (let period = 1; period <= 64; period += 1)
      if (last.every((token, index) => index < period || token === last[index - period])) return end;
  }
  return undefined;
}
