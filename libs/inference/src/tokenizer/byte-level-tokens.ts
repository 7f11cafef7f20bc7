import { TooManyTokens } from '../engine/too-many-tokens.js';
import type { AppendTokens } from './append-tokens.js';
import { byteSpelling } from './byte-spelling.js';
import { createCutter } from './cut-pieces.js';
import { MergeTable } from './merge-table.js';
import { preTokenizer } from './pre-tokenizers.js';
import { SymbolMerger } from './symbol-merger.js';
import type { TokenizerData } from './tokenizer-data.js';

/**
 * Byte-level BPE, as GPT-2 made it: a text is cut into pieces, and the bytes of each are merged. Bytes that end up in no
 * token of the vocabulary are left out.
 *
 * @param ids ids of the tokens that may come out, by text
 * @throws InferenceError `unsupported` for a pre-tokenizer that is not known
 */
export function createByteLevelTokens(data: TokenizerData, ids: ReadonlyMap<string, number>): AppendTokens {
  const { patterns, wholeWordsFirst = false } = preTokenizer(data.pre ?? 'default');
  const cut = createCutter(patterns);
  const { texts, symbolOf } = createSymbols(data.tokens, ids);
  const merges = (data.merges ?? []).flatMap((line) => {
    const [left, right] = line.split(' ', 2) as [string, string?];
    return right === undefined
      ? []
      : [{ left: symbolOf(left), right: symbolOf(right), merged: symbolOf(left + right) }];
  });
  const byteSymbols = Int32Array.from(byteSpelling, symbolOf);
  const table = new MergeTable(merges);
  const longest = data.tokens.reduce((most, { length }) => Math.max(most, length), 0);

  return (text, tokens, most) => {
    const merger = new SymbolMerger(table);
    cut(text, (part, from, to) => {
      const size = to - from < 1000 ? 3 * (to - from) : Buffer.byteLength(part.slice(from, to));
      const symbols = merger.room(size);
      const count = writeBytes(part, from, to, byteSymbols, symbols);
      const whole = wholeWordsFirst && count <= longest ? ids.get(spell(symbols, count)) : undefined;
      if (whole !== undefined) tokens.push(whole);
      else {
        const left = merger.merge(count);
        for (let at = 0; at < left; at++) {
          const symbol = symbols[at] as number;
          if (symbol < data.tokens.length) tokens.push(symbol);
        }
      }
      if (tokens.length > most) throw new TooManyTokens(tokens.length);
    });
  };

  function spell(symbols: Int32Array, count: number): string {
    let spelt = '';
    for (let at = 0; at < count; at++) {
      const symbol = symbols[at] as number;
      spelt += data.tokens[symbol] ?? (texts[symbol - data.tokens.length] as string);
    }
    return spelt;
  }
}

/** Numbers for texts: those of the tokens, and others behind them for texts that are none. */
function createSymbols(tokens: readonly string[], ids: ReadonlyMap<string, number>) {
  const strangers = new Map<string, number>();
  const texts: string[] = [];
  const symbolOf = (text: string): number => {
    const known = ids.get(text) ?? strangers.get(text);
    if (known !== undefined) return known;
    const symbol = tokens.length + texts.push(text) - 1;
    strangers.set(text, symbol);
    return symbol;
  };
  return { texts, symbolOf };
}

/** Writes the symbols of a text's bytes in UTF-8 and returns how many they are; half surrogate pairs are U+FFFD. */
function writeBytes(text: string, from: number, to: number, byteSymbols: Int32Array, symbols: Int32Array): number {
  let count = 0;
  const write = (byte: number) => (symbols[count++] = byteSymbols[byte] as number);
  for (let at = from; at < to; at++) {
    let point = text.charCodeAt(at);
    if (point < 0x80) {
      symbols[count++] = byteSymbols[point] as number;
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) {
      point = text.codePointAt(at) as number;
      if (point > 0xffff) at++;
      else point = 0xfffd;
    }
    if (point < 0x800) write(0xc0 | (point >> 6));
    else {
      if (point < 0x10000) write(0xe0 | (point >> 12));
      else {
        write(0xf0 | (point >> 18));
        write(0x80 | ((point >> 12) & 0x3f));
      }
      write(0x80 | ((point >> 6) & 0x3f));
    }
    write(0x80 | (point & 0x3f));
  }
  return count;
}
