import fc from 'fast-check';
import type { Merge } from './merge-table.js';
import { MergeTable, neverMerged } from './merge-table.js';
import { PairQueue } from './pair-queue.js';
import { SymbolMerger } from './symbol-merger.js';

describe('SymbolMerger', () => {
  it('merges the pair of the lowest rank, the leftmost first, until none is left', () => {
    const merge = fc.record({ left: fc.nat(5), right: fc.nat(5), merged: fc.integer({ min: 3, max: 8 }) });
    const manyMerges = fc.array(merge, { maxLength: 40, size: 'max' });
    const manySymbols = fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(manyMerges, manySymbols, (merges, symbols) => {
        const ranked = withoutLoops(merges);
        expect(mergeAll(symbols, new MergeTable(ranked))).toEqual(mergeStepByStep(symbols, ranked));
      }),
      { numRuns: 1000 },
    );
  });

  it('merges text after text in one room', () => {
    const merger = new SymbolMerger(new MergeTable([{ left: 0, right: 0, merged: 1 }]));
    for (const count of [5, 200, 3]) {
      const symbols = merger.room(count).fill(0);
      expect([...symbols.subarray(0, merger.merge(count))]).toEqual([
        ...new Array<number>(Math.floor(count / 2)).fill(1),
        ...(count % 2 ? [0] : []),
      ]);
    }
  });

  const doubling = Array.from({ length: 20 }, (_, at) => ({ left: at, right: at, merged: at + 1 }));
  const chain = Array.from({ length: 1000 }, (_, at) => ({ left: at, right: at + 1, merged: at + 1 }));
  const growing = Array.from({ length: 1000 }, (_, at) => ({ left: at, right: 0, merged: at + 1 }));
  const size = 50_000;
  it.each([
    ['one symbol', doubling, (_: number) => 0],
    ['one symbol, in the other order', [...doubling].reverse(), (_: number) => 0],
    ['one symbol that the left takes up', growing, (_: number) => 0],
    ['one symbol that the left takes up, in the other order', [...growing].reverse(), (_: number) => 0],
    ['symbols in a row', chain, (at: number) => at % 1000],
    ['symbols in a row, in the other order', [...chain].reverse(), (at: number) => at % 1000],
    ['symbols here and there', [...doubling, ...chain], (at: number) => Math.floor(13 * Math.abs(Math.sin(at * at)))],
  ])('takes steps in line with the length for %s', (_, merges, symbolAt) => {
    const symbols = Array.from({ length: size }, (_, at) => symbolAt(at));
    const table = new MergeTable(merges);
    let steps = 0;
    const counted = {
      rank: (left: number, right: number) => (steps++, table.rank(left, right)),
      merged: (rank: number) => (steps++, table.merged(rank)),
    };
    class CountedQueue extends PairQueue {
      override push(rank: number, position: number): void {
        steps++;
        super.push(rank, position);
      }
      override next(): boolean {
        steps++;
        return super.next();
      }
    }
    const left = mergeAll(symbols, counted, new CountedQueue());
    expect(left.length).toBeLessThan(size);
    // A look-up for each pair; for each merge, two more, the merge itself, and at most four pairs into and out of the queue
    expect(steps).toBeLessThan(size + 11 * size);
  });
});

describe('MergeTable', () => {
  it('knows the pairs that it was given, and the last of equal ones', () => {
    const merge = fc.record({ left: fc.nat(), right: fc.nat(), merged: fc.nat() });
    fc.assert(
      fc.property(fc.array(merge), fc.nat(), fc.nat(), (merges, left, right) => {
        const table = new MergeTable(merges);
        for (const pair of [...merges, { left, right }]) {
          const rank = merges.findLastIndex((other) => other.left === pair.left && other.right === pair.right);
          expect(table.rank(pair.left, pair.right)).toBe(rank < 0 ? neverMerged : rank);
          if (rank >= 0) expect(table.merged(rank)).toBe(merges[rank]?.merged);
        }
      }),
    );
  });
});

/** Symbols stand for texts, so a merge makes something longer than what it is made of; each pair is merged in one way. */
function withoutLoops(merges: readonly Merge[]): Merge[] {
  const made = new Map<string, Merge>();
  for (const merge of merges) {
    const pair = `${merge.left} ${merge.right}`;
    if (merge.merged > Math.max(merge.left, merge.right) && !made.has(pair)) made.set(pair, merge);
  }
  return [...made.values()];
}

function mergeAll(symbols: readonly number[], table: Pick<MergeTable, 'rank' | 'merged'>, queue?: PairQueue): number[] {
  const merger = new SymbolMerger(table, queue);
  const room = merger.room(symbols.length);
  room.set(symbols);
  return [...room.subarray(0, merger.merge(symbols.length))];
}

function mergeStepByStep(symbols: readonly number[], merges: readonly Merge[]): number[] {
  const left = [...symbols];
  for (;;) {
    const rankAt = (at: number) => merges.findIndex((merge) => merge.left === left[at] && merge.right === left[at + 1]);
    const ranks = left.map((_, at) => rankAt(at)).filter((rank) => rank >= 0);
    if (ranks.length === 0) return left;
    const rank = Math.min(...ranks);
    left.splice(
      left.findIndex((_, at) => rankAt(at) === rank),
      2,
      (merges[rank] as Merge).merged,
    );
  }
}
