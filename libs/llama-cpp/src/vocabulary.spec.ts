import * as fc from 'fast-check';
import type { LlamaModel } from './llama-model.js';
import type { TinyVocabularyName } from './testing/index.js';
import { TinyModels } from './testing/tiny-models.js';
import type { Vocabulary } from './vocabulary.js';

let models: TinyModels;
const loaded = new Map<TinyVocabularyName, LlamaModel>();
beforeAll(async () => {
  models = await TinyModels.create();
  for (const vocabulary of ['bpe', 'sentencepiece', 'wordpiece'] as const)
    loaded.set(vocabulary, await models.load('llama', { vocabulary }));
});
afterAll(() => models.remove());

function vocabularyOf(name: TinyVocabularyName): Vocabulary {
  const model = loaded.get(name);
  if (!model) throw new Error('unreachable');
  return model.vocabulary;
}

/** The text of some tokens. */
function textOf(vocabulary: Vocabulary, tokens: Iterable<number>): string {
  return Buffer.concat(Array.from(tokens, (token) => vocabulary.bytesOf(token))).toString('utf8');
}

const marked = fc
  .array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<|im_end|>', '<s>', '</s>', '\0', '\ud800', ' ', '\n')),
  )
  .map((parts) => parts.join(''));

describe.each(['bpe', 'sentencepiece'] as const)('a vocabulary of the kind %s', (name) => {
  it('gives any text back, byte by byte, with no control token in it', () => {
    const vocabulary = vocabularyOf(name);
    fc.assert(
      fc.property(marked, (text) => {
        const tokens = vocabulary.tokenize(text);
        const expected = Buffer.from(text, 'utf8').toString('utf8');
        const space = vocabulary.isSentencePiece && text !== '' ? ' ' : '';
        expect(textOf(vocabulary, tokens)).toBe(space + expected);
        expect(Array.from(tokens, (token) => vocabulary.kindOf(token))).not.toContain('control');
      }),
      { numRuns: 300 },
    );
  });

  it('takes texts of any length', () => {
    const vocabulary = vocabularyOf(name);
    for (const text of ['', 'a', '🙂'.repeat(300), '\u0000'.repeat(5000), 'hello '.repeat(40_000)]) {
      const space = vocabulary.isSentencePiece && text !== '' ? ' ' : '';
      expect(textOf(vocabulary, vocabulary.tokenize(text)) === space + text).toBe(true);
    }
    expect(vocabulary.tokenize('')).toHaveLength(0);
  });

  it('makes control tokens of text only where that is asked for', () => {
    const vocabulary = vocabularyOf(name);
    const text = '<|im_start|>user<|im_end|>';
    const tokens = [...vocabulary.tokenize(text, { parseSpecial: true })];
    const controls = tokens.filter((token) => vocabulary.kindOf(token) === 'control');
    expect(controls.map((token) => vocabulary.textOf(token))).toEqual(['<|im_start|>', '<|im_end|>']);
    expect(controls.map((token) => vocabulary.bytesOf(token).length)).toEqual([0, 0]);
    expect(vocabulary.tokenize(text).length).toBeGreaterThan(tokens.length);
    expect(vocabulary.endsGeneration(controls[1] ?? -1)).toBe(true);
    expect(vocabulary.endsGeneration(controls[0] ?? -1)).toBe(false);
  });
});

describe('a vocabulary', () => {
  it('says what texts begin and end with', () => {
    const [bpe, pieces, words] = [vocabularyOf('bpe'), vocabularyOf('sentencepiece'), vocabularyOf('wordpiece')];
    expect([bpe.addsBegin, bpe.addsEnd, bpe.isSentencePiece]).toEqual([false, false, false]);
    expect([pieces.addsBegin, pieces.addsEnd, pieces.isSentencePiece]).toEqual([true, false, true]);
    expect(pieces.textOf(pieces.begin ?? -1)).toBe('<s>');
    expect(pieces.textOf(pieces.end ?? -1)).toBe('<|im_end|>');
    expect(pieces.tokenize('', { addSpecial: true })).toEqual(Int32Array.of(pieces.begin ?? -1));
    expect(pieces.tokenize('hello', { addSpecial: true })[0]).toBe(pieces.begin);
    expect(pieces.tokenize('hello')[0]).not.toBe(pieces.begin);
    const texts = (tokens: Int32Array) => Array.from(tokens, (token) => words.textOf(token));
    expect(texts(words.tokenize('hello', { addSpecial: true }))).toEqual(['[CLS]', '▁hello', '[SEP]']);
    expect(texts(words.tokenize('', { addSpecial: true }))).toEqual(['[CLS]', '[SEP]']);
  });

  it('of words gives texts of known words back, in lower case and with single spaces', () => {
    const vocabulary = vocabularyOf('wordpiece');
    const word = fc.constantFrom('hello', 'world', 'searching', 'ended', 'xyz', 'a1');
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.constantFrom(' ', '  ', '\n', '\t '), (words, between) => {
        const text = words.join(between);
        const tokens = vocabulary.tokenize(text.toUpperCase());
        expect(textOf(vocabulary, tokens).trim()).toBe(words.join(' '));
        expect(vocabulary.tokenize(words.join(' '))).toEqual(tokens);
      }),
    );
    fc.assert(
      fc.property(marked, (text) => {
        const control = (token: number) =>
          vocabulary.kindOf(token) === 'control' && vocabulary.textOf(token) !== '[UNK]';
        expect([...vocabulary.tokenize(text)].some(control)).toBe(false);
      }),
    );
  });

  it('says of each token what it is', () => {
    const vocabulary = vocabularyOf('sentencepiece');
    const kinds = Array.from({ length: vocabulary.size }, (_, token) => vocabulary.kindOf(token));
    expect(kinds.filter((kind) => kind === 'byte')).toHaveLength(256);
    expect(kinds.filter((kind) => kind === 'control')).toHaveLength(5);
    expect(kinds[0]).toBe('unknown');
    const byte = kinds.indexOf('byte');
    expect([vocabulary.textOf(byte), ...vocabulary.bytesOf(byte)]).toEqual(['<0x00>', 0]);
    expect([vocabulary.textOf(byte + 255), ...vocabulary.bytesOf(byte + 255)]).toEqual(['<0xFF>', 255]);
  });

  it('refuses tokens that there are not', () => {
    const vocabulary = vocabularyOf('bpe');
    for (const token of [-1, vocabulary.size, 0.5, NaN, 2 ** 40]) {
      const refused = expect.objectContaining({ code: 'invalid_argument' });
      expect(() => vocabulary.bytesOf(token)).toThrow(refused);
      expect(() => vocabulary.textOf(token)).toThrow(refused);
      expect(() => vocabulary.kindOf(token)).toThrow(refused);
      expect(() => vocabulary.endsGeneration(token)).toThrow(refused);
    }
  });

  it('gives the bytes of tokens of any length', async () => {
    const tokens = [...'ab', 'a'.repeat(300)];
    const model = await models.load('llama', {
      metadata: {
        'tokenizer.ggml.merges': ['string[]', []],
        'tokenizer.ggml.tokens': ['string[]', withLast(vocabularyOf('bpe'), tokens[2] ?? '')],
      },
    });
    const { vocabulary } = model;
    expect(vocabulary.bytesOf(vocabulary.size - 1)).toHaveLength(300);
  });

  it('is refused where the file has none, or not the tokens that are asked for', async () => {
    const refused = expect.objectContaining({ code: 'invalid_argument' });
    const none = await models.load('llama', {
      metadata: { 'tokenizer.ggml.model': ['string', 'none'], 'llama.vocab_size': ['u32', vocabularyOf('bpe').size] },
    });
    for (const attempt of [
      () => none.vocabulary.tokenize('text'),
      () => none.vocabulary.bytesOf(1),
      () => none.vocabulary.kindOf(1),
    ])
      expect(attempt).toThrow(refused);
  });
});

/** The texts of a vocabulary's tokens, the last one another. */
function withLast(vocabulary: Vocabulary, text: string): string[] {
  const texts = Array.from({ length: vocabulary.size }, (_, token) => vocabulary.textOf(token));
  return texts.with(-1, text);
}
