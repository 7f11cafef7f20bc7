import fc from 'fast-check';
import { DraftPacer } from './draft-pacer.js';

describe('DraftPacer', () => {
  it('drafts more while all is right, up to the longest', () => {
    const pacer = new DraftPacer(32);
    const lengths = Array.from({ length: 4 }, () => {
      const length = pacer.next();
      pacer.record(length, length, 1.5);
      return length;
    });
    expect(lengths).toEqual([8, 16, 32, 32]);
  });

  it('drafts less after a wrong one, but does not stop while it pays', () => {
    const pacer = new DraftPacer(32);
    const lengths = Array.from({ length: 4 }, () => {
      const length = pacer.next();
      pacer.record(length, 1, 1.5);
      return length;
    });
    expect(lengths).toEqual([8, 4, 2, 2]);
  });

  it('never drafts more than a pass can check', () => {
    const pacer = new DraftPacer(3);
    expect(pacer.next()).toBe(3);
    pacer.record(3, 3, 1);
    expect(pacer.next()).toBe(3);
    expect(new DraftPacer(1).next()).toBe(1);
  });

  it('pauses when checking costs more than it saves, longer each time', () => {
    const pacer = new DraftPacer(32);
    const pauses: number[] = [];
    let pause = 0;
    for (let pass = 0; pass < 2000; pass += 1) {
      const length = pacer.next();
      if (length > 0) {
        if (pause > 0) pauses.push(pause);
        pause = 0;
        pacer.record(length, 0, 3);
      } else pause += 1;
    }
    expect(pauses.slice(0, 7)).toEqual([8, 16, 32, 64, 128, 256, 256]);
  });

  it('comes back at once when it pays again', () => {
    const pacer = new DraftPacer(32);
    for (let pass = 0; pass < 500; pass += 1) {
      const length = pacer.next();
      if (length > 0) pacer.record(length, 0, 3);
    }
    while (pacer.next() === 0);
    for (let pass = 0; pass < 9; pass += 1) {
      expect(pacer.next()).toBeGreaterThan(0);
      pacer.record(2, 2, 1.5);
    }
  });

  it('loses little, whatever the passes bring', () => {
    const anyOutcome = fc.record({ accepted: fc.nat(2), cost: fc.double({ min: 1, max: 6, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(anyOutcome, { minLength: 200, maxLength: 600 }), (outcomes) => {
        const pacer = new DraftPacer(32);
        let time = 0;
        let written = 0;
        for (const { accepted, cost } of outcomes) {
          const length = pacer.next();
          const right = Math.min(accepted, length);
          if (length > 0) pacer.record(length, right, cost);
          time += length > 0 ? cost : 1;
          written += 1 + right;
        }
        expect(time).toBeLessThan(1.6 * written + 10);
      }),
    );
  });
});
