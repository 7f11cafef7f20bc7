import fc from 'fast-check';
import { PromptLookup } from './prompt-lookup.js';

describe('PromptLookup', () => {
  it('proposes what followed the same tokens before', () => {
    expect(propose([1, 2, 3, 4, 5, 6, 9, 1, 2], 3)).toEqual([3, 4, 5]);
  });

  it('proposes nothing where nothing is repeated', () => {
    expect(propose([1, 2, 3, 4, 5], 8)).toEqual([]);
    expect(propose([1], 8)).toEqual([]);
    expect(propose([], 8)).toEqual([]);
  });

  it('takes the longest n-gram, and of several places the latest', () => {
    expect(propose([7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2], 1)).toEqual([3]);
    expect(propose([1, 2, 3, 8, 1, 2, 4, 7, 1, 2], 1)).toEqual([4]);
  });

  it('stays where it has agreed for long, until it disagrees', () => {
    const long = [1, 2, 3, 4, 5, 6, 60];
    const later = [9, 3, 4, 5, 6, 61, 9];
    expect(propose([...long, ...later, 1, 2, 3, 4, 5, 6], 1)).toEqual([60]);
    expect(propose([...long, ...later, 1, 2, 3, 4, 5, 6, 9, 3, 4, 5, 6], 1)).toEqual([61]);
  });

  it('proposes more the longer a place agreed', () => {
    const text = Array.from({ length: 40 }, (_, token) => token);
    const counts = [2, 3, 5, 9].map((agreed) => propose([...text, ...text.slice(0, agreed)], 32).length);
    expect(counts).toEqual([4, 6, 10, 18]);
  });

  it('goes on with a loop beyond its end', () => {
    expect(propose([1, 2, 3, 1, 2, 3, 1, 2, 3], 7)).toEqual([1, 2, 3, 1, 2, 3, 1]);
  });

  it('proposes continuations of the last tokens alone, however the tokens arrived', () => {
    const anyTokens = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 200 });
    fc.assert(
      fc.property(anyTokens, fc.infiniteStream(fc.nat(9)), (all, pieces) => {
        const tokens: number[] = [];
        const lookup = new PromptLookup(tokens);
        while (tokens.length < all.length) {
          const [{ value: piece = 0 } = {}] = [pieces.next()];
          tokens.push(...all.slice(tokens.length, tokens.length + piece + 1));
          const drafts = lookup.propose(16);
          expect(drafts).toEqual(propose(tokens, 16));
          if (drafts.length === 0) continue;
          const after = ([...tokens.slice(-2), drafts[0]] as number[]).join();
          const grams = tokens.map((_, at) => tokens.slice(at, at + 3).join());
          expect(grams).toContain(after);
        }
      }),
    );
  });
});

function propose(tokens: readonly number[], most: number): number[] {
  return new PromptLookup(tokens).propose(most);
}
