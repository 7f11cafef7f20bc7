import type { Merge } from './merge-table.js';
import type { TokenizerData } from './tokenizer-data.js';

/**
 * The merges that a SentencePiece BPE vocabulary implies: it stores a score for each piece, and joins the
 * two neighbours whose union has the highest score. So every way to cut a piece into two known pieces is
 * a merge, ranked by the piece's score (Kudo and Richardson 2018, arXiv 1808.06226).
 *
 * @param ids ids of the pieces, by text
 */
export function sentencePieceMerges(data: Pick<TokenizerData, 'scores'>, ids: ReadonlyMap<string, number>): Merge[] {
  const ranked: (Merge & { readonly score: number })[] = [];
  for (const [piece, merged] of ids) {
    const score = data.scores?.[merged] ?? 0;
    let at = 0;
    for (const character of piece) {
      at += character.length;
      const left = ids.get(piece.slice(0, at));
      const right = ids.get(piece.slice(at));
      if (at < piece.length && left !== undefined && right !== undefined) ranked.push({ left, right, merged, score });
    }
  }
  return ranked.sort((a, b) => b.score - a.score);
}
