import { TooManyTokens } from '../engine/too-many-tokens.js';
import type { AppendTokens } from './append-tokens.js';
import { MergeTable } from './merge-table.js';
import { sentencePieceMerges } from './sentence-piece-merges.js';
import { SymbolMerger } from './symbol-merger.js';
import type { TokenizerData } from './tokenizer-data.js';

const space = 0x2581;

/**
 * SentencePiece BPE: the characters of the whole text are merged. Characters that the vocabulary doesn't know become the
 * tokens of their bytes; where it doesn't know these either, a run of them becomes one unknown token.
 *
 * @param ids ids of the tokens that may come out, by text
 */
export function createSentencePieceTokens(data: TokenizerData, ids: ReadonlyMap<string, number>): AppendTokens {
  const table = new MergeTable(sentencePieceMerges(data, ids));
  const characters = new Map<number, number>();
  for (const [text, id] of ids) {
    const point = text.codePointAt(0);
    if (point !== undefined && text.length === String.fromCodePoint(point).length) characters.set(point, id);
  }
  const byteTokens = Array.from({ length: 256 }, (_, byte) =>
    ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  const unknown = data.unknownToken === undefined ? undefined : ids.get(data.tokens[data.unknownToken] ?? '');

  return (text, tokens, most) => {
    if (text === '') return;
    const merger = new SymbolMerger(table);
    const symbols = merger.room(text.length + 1);
    let count = 0;
    // a character that is no token is written as its complement
    const write = (point: number) => (symbols[count++] = characters.get(point) ?? ~point);
    if (data.addSpacePrefix !== false) write(space);
    for (let at = 0; at < text.length; at++) {
      const point = text.codePointAt(at) as number;
      if (point > 0xffff) at++;
      write(point === 0x20 ? space : point);
    }
    const left = merger.merge(count);
    let isUnknown = false;
    for (let at = 0; at < left; at++) {
      const symbol = symbols[at] as number;
      const bytes = symbol < 0 ? bytesOf(~symbol) : undefined;
      const wasUnknown: boolean = isUnknown;
      isUnknown = symbol < 0 ? bytes === undefined : symbol === unknown;
      if (bytes) tokens.push(...bytes);
      else if (!isUnknown) tokens.push(symbol);
      else if (unknown !== undefined && !wasUnknown) tokens.push(unknown);
    }
    if (tokens.length > most) throw new TooManyTokens(tokens.length);
  };

  function bytesOf(point: number): number[] | undefined {
    const found = Array.from(Buffer.from(String.fromCodePoint(point)), (byte) => byteTokens[byte]);
    return found.includes(undefined) ? undefined : (found as number[]);
  }
}
