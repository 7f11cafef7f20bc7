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
  const encoder = new TextEncoder();
  const utf8 = new Uint8Array(4);
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
    let wasUnknown = false;
    for (let at = 0; at < left; at++) {
      const symbol = symbols[at] as number;
      const isUnknown = symbol < 0 ? !pushBytes(~symbol, tokens) : symbol === unknown;
      if (symbol >= 0 && !isUnknown) tokens.push(symbol);
      if (isUnknown && !wasUnknown && unknown !== undefined) tokens.push(unknown);
      wasUnknown = isUnknown;
    }
    if (tokens.length > most) throw new TooManyTokens(tokens.length);
  };

  /** Pushes the tokens of a character's bytes, unless one of them is missing. */
  function pushBytes(point: number, tokens: number[]): boolean {
    const { written } = encoder.encodeInto(String.fromCodePoint(point), utf8);
    for (let at = 0; at < written; at++) if (byteTokens[utf8[at] as number] === undefined) return false;
    for (let at = 0; at < written; at++) tokens.push(byteTokens[utf8[at] as number] as number);
    return true;
  }
}
