import type { TokenizerData } from './tokenizer-data.js';

/**
 * The merges that a SentencePiece BPE vocabulary implies: it stores a score for each piece, and joins the
 * two neighbours whose union has the highest score. So every way to cut a piece into two known pieces is
 * a merge, ranked by the piece's score (Kudo and Richardson 2018, arXiv 1808.06226).
 */
export function sentencePieceMerges(data: TokenizerData, vocab: Readonly<Record<string, number>>): [string, string][] {
  const ranked: { pair: [string, string]; score: number }[] = [];
  for (const [piece, id] of Object.entries(vocab)) {
    const characters = Array.from(piece);
    const score = data.scores?.[id] ?? 0;
    for (let at = 1; at < characters.length; at++) {
      const left = characters.slice(0, at).join('');
      const right = characters.slice(at).join('');
      if (Object.hasOwn(vocab, left) && Object.hasOwn(vocab, right)) ranked.push({ pair: [left, right], score });
    }
  }
  return ranked.sort((a, b) => b.score - a.score).map(({ pair }) => pair);
}
