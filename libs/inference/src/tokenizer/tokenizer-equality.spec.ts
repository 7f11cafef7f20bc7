import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { byteSpelling } from './byte-spelling.js';
import { createCutter } from './cut-pieces.js';
import { preTokenizer } from './pre-tokenizers.js';
import { createTokenizer } from './tokenizer.js';
import type { TokenizerData } from './tokenizer-data.js';
import { tokenType } from './tokenizer-data.js';

// Tokens are compared with those of Hugging Face's library, over vocabularies of any kind.

const parts = [
  ...Array.from('abcdeABC0129.,!?<>|=$^~-_\'"\t\n\r\u000b\u0000\u00a0\u3000½²٣éß\u0301\u200d的一'),
  ...[
    '  ',
    '\r\n',
    "'s",
    "'LL",
    ' ab',
    ' 12',
    'abab',
    'aaaaaaa',
    '<0x61>',
    '<unk>',
    '\u2581',
    'Ġ',
    '👩🏽',
    '\ud83d',
    '\ude00',
  ],
];
const text = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...parts) }, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 40,
    size: 'max',
  })
  .map((found) => found.join(''));

const preTokenizers = ['gpt-2', 'smollm', 'default', 'llama-bpe', 'smaug-bpe', 'qwen2'];

describe('pieces of plain text', () => {
  it.each(preTokenizers)('are those of the library with the pre-tokenizer %s', (pre) => {
    const cut = createCutter(preTokenizer(pre).patterns);
    const theirs = new LibraryTokenizer(
      {
        ...{ added_tokens: [], normalizer: null, decoder: null, post_processor: null },
        ...{ pre_tokenizer: libraryPreTokenizer(pre).config, model: { type: 'BPE', vocab: {}, merges: [] } },
      },
      {},
    );
    const spell = (piece: string) => Array.from(Buffer.from(piece), (value) => byteSpelling[value]).join('');
    fc.assert(
      fc.property(text, (one) => {
        const ours: string[] = [];
        cut(one, (part, from, to) => ours.push(spell(part.slice(from, to))));
        expect(ours).toEqual(theirs.pre_tokenizer?.pre_tokenize(one));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('tokens of plain text', () => {
  it.each(preTokenizers)('are those of the library for byte-level vocabularies with the pre-tokenizer %s', (pre) => {
    fc.assert(
      fc.property(byteLevel(pre), fc.array(text, { minLength: 1, maxLength: 8 }), (data, texts) => {
        const [ours, theirs] = [createTokenizer(data), byteLevelLibrary(data)];
        for (const one of texts) expect({ one, ids: ours.encode(one) }).toEqual({ one, ids: theirs(one) });
      }),
      { numRuns: 150 },
    );
  });

  it('are those of the library for SentencePiece vocabularies', () => {
    fc.assert(
      fc.property(sentencePiece(), fc.array(text, { minLength: 1, maxLength: 8 }), (data, texts) => {
        const [ours, theirs] = [createTokenizer(data), sentencePieceLibrary(data)];
        for (const one of texts) expect({ one, ids: ours.encode(one) }).toEqual({ one, ids: theirs(one) });
      }),
      { numRuns: 500 },
    );
  });
});

/** Merges in any order, some of them twice, some of what no token is; bytes and tokens are missing here and there. */
function byteLevel(pre: string): fc.Arbitrary<TokenizerData> {
  const letters = Array.from(Buffer.from('aaabb 0\n.é的<'), (value) => byteSpelling[value] as string);
  return fc
    .record({
      pairs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40, size: 'max' }),
      order: fc.array(fc.nat(39), { maxLength: 40, size: 'max' }),
      absent: fc.array(fc.nat(300), { maxLength: 10 }),
      user: fc.uniqueArray(fc.constantFrom('aa', 'ab', 'abab', '  ', '\n', '的一', '👩', '.?*', 'Ġ'), { maxLength: 3 }),
      changed: fc.boolean(),
    })
    .map(({ pairs, order, absent, user, changed }) => {
      const pieces = [...letters];
      const merges = pairs.map(([left, right]) => {
        const pair = [pieces[left % pieces.length], pieces[right % pieces.length]];
        pieces.push(pair.join(''));
        return pair.join(' ');
      });
      const ranked = changed ? order.flatMap((at) => merges[at] ?? []) : merges;
      const known = [...byteSpelling, ...pieces.slice(letters.length)].filter((_, at) => !absent.includes(at));
      const tokens = [...new Set(known), ...user];
      const first = tokens.length - user.length;
      const tokenTypes = tokens.map((_, id) => (id < first ? tokenType.normal : tokenType.userDefined));
      return { model: 'gpt2', pre, tokens, tokenTypes, merges: ranked, endTokens: [] };
    });
}

/** Scores in any order, some of them equal; characters, bytes and the unknown token are missing here and there. */
function sentencePiece(): fc.Arbitrary<TokenizerData> {
  const bytes = Array.from({ length: 256 }, (_, value) => `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`);
  const unit = fc.constantFrom('a', 'a', 'b', '\u2581', 'é', '的', '👩', 'z', '<');
  const piece = fc.array(unit, { minLength: 1, maxLength: 5, size: 'max' }).map((found) => found.join(''));
  const absent: fc.Arbitrary<number[]> = fc.array(fc.constantFrom(0xc3, 0xe7, 0x0a, 0x62, 0xf0), { maxLength: 3 });
  const userTexts = ['aa', '\u2581', '  ', '\n', '的一', '.?*'];
  const user: fc.Arbitrary<string[]> = fc.uniqueArray(fc.constantFrom(...userTexts), { maxLength: 2 });
  return fc
    .record({
      pieces: fc.uniqueArray(fc.oneof(unit, piece), { maxLength: 60, size: 'max' }),
      scores: fc.array(fc.integer({ min: -30, max: 0 }), { minLength: 400, maxLength: 400 }),
      absent,
      user,
      unknown: fc.boolean(),
      addSpacePrefix: fc.constantFrom(undefined, true, false),
    })
    .map(({ pieces, scores, absent, user, unknown, addSpacePrefix }) => {
      const known = bytes.filter((_, value) => !absent.includes(value));
      const normal = pieces.filter((found) => !user.includes(found));
      const tokens = ['<unk>', ...known, ...normal, ...user];
      const tokenTypes = tokens.map((_, id) => {
        if (id === 0) return unknown ? tokenType.unknown : tokenType.control;
        if (id <= known.length) return tokenType.byte;
        return id < tokens.length - user.length ? tokenType.normal : tokenType.userDefined;
      });
      return {
        ...{ model: 'llama', tokens, tokenTypes, scores: scores.slice(0, tokens.length), endTokens: [] },
        ...(unknown ? { unknownToken: 0 } : {}),
        ...(addSpacePrefix === undefined ? {} : { addSpacePrefix }),
      };
    });
}

type Encode = (text: string) => number[];

function byteLevelLibrary(data: TokenizerData): Encode {
  const { config, ignore_merges } = libraryPreTokenizer(data.pre ?? '');
  const { vocab, added_tokens } = libraryVocabulary(data);
  const model = { type: 'BPE', vocab, merges: data.merges, ignore_merges };
  return library({ added_tokens, normalizer: null, pre_tokenizer: config, model });
}

function sentencePieceLibrary(data: TokenizerData): Encode {
  const { vocab, added_tokens } = libraryVocabulary(data);
  const merges = Object.keys(vocab).flatMap((piece) => {
    const units = Array.from(piece);
    const cuts = units
      .slice(1)
      .map((_, at) => [units.slice(0, at + 1).join(''), units.slice(at + 1).join('')] as const);
    return cuts.filter((pair) => pair.every((half) => Object.hasOwn(vocab, half)));
  });
  const score = (pair: readonly [string, string]) => data.scores?.[vocab[pair.join('')] ?? -1] ?? 0;
  const unk_token = data.unknownToken === undefined ? undefined : data.tokens[data.unknownToken];
  const ranked = merges.sort((a, b) => score(b) - score(a));
  const model = { type: 'BPE', vocab, merges: ranked, byte_fallback: true, fuse_unk: true, unk_token };
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
  const prefix = { type: 'Prepend', prepend: '\u2581' };
  const normalizers = data.addSpacePrefix === false ? [spaces] : [prefix, spaces];
  return library({ added_tokens, normalizer: { type: 'Sequence', normalizers }, pre_tokenizer: null, model });
}

function library(parts: object): Encode {
  const tokenizer = new LibraryTokenizer({ decoder: null, post_processor: null, ...parts }, {});
  return (words) => (words === '' ? [] : tokenizer.encode(words, { add_special_tokens: false }).ids);
}

function libraryVocabulary({ tokens, tokenTypes }: TokenizerData) {
  const entries = tokens.map((token, id) => [token, id] as const);
  const user = entries.filter(([, id]) => tokenTypes[id] === tokenType.userDefined);
  return {
    vocab: Object.fromEntries(entries.filter(([, id]) => tokenTypes[id] !== tokenType.control)),
    added_tokens: user.map(([content, id]) => ({ id, content, special: false, normalized: false })),
  };
}

/** As the models' own `tokenizer.json` files have them. */
function libraryPreTokenizer(name: string): { config: object; ignore_merges?: boolean } {
  const byteLevelOnly = (use_regex: boolean) => ({ type: 'ByteLevel', add_prefix_space: false, use_regex });
  const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
  const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });
  const modern = (numbers: string) =>
    sequence(
      split(
        `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${numbers}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
      ),
      byteLevelOnly(false),
    );
  switch (name) {
    case 'gpt-2':
      return { config: byteLevelOnly(true) };
    case 'smollm':
      // `Digits` of the library knows those of ASCII alone; that of the models' own tokenizers knows all.
      return { config: sequence(split('\\p{N}'), byteLevelOnly(true)) };
    case 'llama-bpe':
      return { config: modern('\\p{N}{1,3}'), ignore_merges: true };
    case 'smaug-bpe':
      return { config: modern('\\p{N}{1,3}') };
    case 'qwen2':
      return { config: modern('\\p{N}') };
    default:
      return {
        config: sequence(
          split('[\\p{P}\\$\\+<=>\\^~\\|]+'),
          split("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"),
          split('\\p{N}+'),
          split('[0-9][0-9][0-9]'),
          byteLevelOnly(false),
        ),
      };
  }
}
