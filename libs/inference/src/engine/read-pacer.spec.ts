import fc from 'fast-check';
import { ReadPacer } from './read-pacer.js';

describe('ReadPacer', () => {
  it('starts with little', () => {
    expect(new ReadPacer(150).tokens).toBe(64);
  });

  it('leaves what writing takes, and fills the rest', () => {
    const pacer = new ReadPacer(150);
    for (let at = 0; at < 20; at++) pacer.record({ readTokens: 0, writeRows: 8, durationMs: 50 });
    pacer.record({ readTokens: 100, writeRows: 0, durationMs: 100 });

    expect(pacer.tokens).toBeCloseTo(100, -1);
  });

  it('is not misled by a few slow tokens', () => {
    const pacer = new ReadPacer(100);
    pacer.record({ readTokens: 200, writeRows: 0, durationMs: 200 });
    pacer.record({ readTokens: 2, writeRows: 0, durationMs: 12 });

    expect(pacer.tokens).toBeGreaterThan(85);
  });

  it('goes on reading where writing alone takes too long', () => {
    const pacer = new ReadPacer(100);
    for (let at = 0; at < 20; at++) pacer.record({ readTokens: 0, writeRows: 8, durationMs: 400 });
    pacer.record({ readTokens: 256, writeRows: 8, durationMs: 3000 });

    expect(pacer.tokens).toBeGreaterThanOrEqual(16);
  });

  it('takes what no clock can tell apart for fast', () => {
    const pacer = new ReadPacer(100);
    pacer.record({ readTokens: 10, writeRows: 0, durationMs: 0 });

    expect(pacer.tokens).toBeGreaterThan(1e6);
  });

  it('keeps steps short on any machine, and uses most of the time', () => {
    const anyMachine = fc.record({
      writeMs: fc.integer({ min: 0, max: 100 }),
      tokenMs: fc.double({ min: 0.2, max: 4, noNaN: true }),
      slowdown: fc.double({ min: 1, max: 4, noNaN: true }),
    });
    fc.assert(
      fc.property(anyMachine, ({ writeMs, tokenMs, slowdown }) => {
        const pacer = new ReadPacer(200);
        const run = (readTokens: number, writeRows: number, depth: number): number => {
          const speed = tokenMs * (1 + ((slowdown - 1) * depth) / 2000);
          const durationMs = (writeRows ? writeMs : 0) + readTokens * speed;
          pacer.record({ readTokens, writeRows, durationMs });
          return durationMs;
        };
        run(100, 0, 0);
        for (let at = 0; at < 8; at++) run(0, 8, 0);
        for (let depth = 0; depth < 2000;) {
          const tokens = Math.min(256, pacer.tokens, 2000 - depth);
          const durationMs = run(tokens, 8, depth);
          if (tokens > 16) expect(durationMs).toBeLessThan(300);
          if (tokens < 256 && depth + tokens < 2000) expect(durationMs).toBeGreaterThan(90);
          depth += tokens;
        }
      }),
    );
  });
});
