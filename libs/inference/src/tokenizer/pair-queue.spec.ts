import fc from 'fast-check';
import { PairQueue } from './pair-queue.js';

describe('PairQueue', () => {
  it('gives the lowest rank first and the leftmost of one rank, whenever pairs come', () => {
    const pair = fc.record({ rank: fc.nat(5), position: fc.nat(100) });
    const steps = fc.array(fc.oneof(pair, fc.constant(undefined)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new PairQueue();
        const waiting: { rank: number; position: number }[] = [];
        for (const step of all) {
          if (step) {
            queue.push(step.rank, step.position);
            waiting.push(step);
          } else {
            waiting.sort((a, b) => a.rank - b.rank || a.position - b.position);
            expect(queue.next() ? { rank: queue.rank, position: queue.position } : undefined).toEqual(waiting.shift());
          }
        }
      }),
    );
  });

  it('tells the highest ranks and positions apart', () => {
    const queue = new PairQueue();
    const [rank, position] = [2 ** 21 - 1, 2 ** 32 - 1];
    queue.push(rank, position);
    queue.push(rank, position - 1);
    expect([queue.next(), queue.rank, queue.position]).toEqual([true, rank, position - 1]);
    expect([queue.next(), queue.rank, queue.position]).toEqual([true, rank, position]);
    expect(queue.next()).toBe(false);
  });
});
