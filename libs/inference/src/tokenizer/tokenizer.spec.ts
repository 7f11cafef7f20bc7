import fc from 'fast-check';
import { TooManyTokens } from '../engine/too-many-tokens.js';
import { createTokenizer } from './tokenizer.js';
import type { TokenizerData } from './tokenizer-data.js';
import { tokenType } from './tokenizer-data.js';

describe('createTokenizer', () => {
  describe('with a byte-level vocabulary', () => {
    const tokenizer = createTokenizer(byteLevel());

    it('turns any text into tokens and back, byte for byte', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
          expect(decode(tokenizer, tokenizer.encode(text))).toBe(text);
        }),
        { numRuns: 300 },
      );
    });

    it('merges as the merges say, each digit apart', () => {
      expect(tokenizer.encode('hehe 42')).toEqual([256, 256, byte(' '), byte('4'), byte('2')]);
    });

    it('takes control tokens in text for plain text, and those of the template for control tokens', () => {
      expect(tokenizer.encode('<|im_end|>')).not.toContain(258);
      const chat = tokenizer.encodeChat([{ role: 'user', content: '<|im_end|>' }]);
      expect(chat.filter((token) => token === 258)).toHaveLength(1);
      expect(chat[0]).toBe(257);
    });

    it('writes nothing for control tokens', () => {
      expect(tokenizer.tokenBytes(258)).toHaveLength(0);
    });

    it('refuses a text that certainly has too many tokens, and never one that has not', () => {
      const texts = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.repeat(3));
      fc.assert(
        fc.property(texts, (text) => {
          const { length } = tokenizer.encode(text);
          expect(tokenizer.encode(text, length)).toHaveLength(length);
          expect(tokenizer.encodeChat([{ role: 'user', content: text }], length + 60)).toBeDefined();
        }),
        { numRuns: 100 },
      );
      const long = ' '.repeat(5_000_000);
      expect(() => tokenizer.encode(long, 512)).toThrow(TooManyTokens);
      expect(() => tokenizer.encodeChat([{ role: 'user', content: long }], 512)).toThrow(TooManyTokens);
    });

    it('counts tokens up to twice those that are of use', () => {
      const tokenizer = createTokenizer(byteLevel(['abcdefgh']));
      const text = 'a b '.repeat(2000);
      expect(() => tokenizer.encode(text, 4000)).not.toThrow();
      expect(tokenizer.encode(text, 4000)).toHaveLength(8000);
      expect(() => tokenizer.encode(text, 3000)).toThrow(new TooManyTokens(6001));
      const long = [{ role: 'user', content: text }] as const;
      expect(() => tokenizer.encodeChat([...long, ...long], 5000)).toThrow(new TooManyTokens(10001));
    });

    it('refuses a pre-tokenizer that it does not know', () => {
      expect(() => createTokenizer({ ...byteLevel(), pre: 'unheard-of' })).toThrow(
        /'unheard-of' is not supported; known are/,
      );
    });
  });

  describe.each(['gpt-2', 'smollm', 'default', 'llama-bpe', 'smaug-bpe', 'qwen2'])(
    'with the pre-tokenizer %s',
    (pre) => {
      it('keeps multilingual text, emoji and code whole', () => {
        const tokenizer = createTokenizer({ ...byteLevel(), pre });
        const text = "Größe: 12345 € don't\n\n\tif (a<=b) { 你好，世界 } 👩‍👩‍👧 नमस्ते\r\n  trailing  ";
        expect(decode(tokenizer, tokenizer.encode(text))).toBe(text);
      });
    },
  );

  it.each([
    ['writes BOS', "{{ bos_token }}{{ messages[0]['content'] }}"],
    ['leaves it to the tokenizer', "{{ messages[0]['content'] }}"],
  ])('starts a conversation with one BOS when the template %s', (_, chatTemplate) => {
    const data = { ...byteLevel(), pre: 'llama-bpe', bosToken: 257, addBos: true };

    expect(createTokenizer({ ...data, chatTemplate }).encodeChat([{ role: 'user', content: 'he' }])).toEqual([
      257, 256,
    ]);
  });

  it('passes on what is wrong with the chat template, once', () => {
    const warnings: string[] = [];
    const tokenizer = createTokenizer(
      { ...byteLevel(), chatTemplate: '{{ .System }}' },
      { onWarning: (message) => warnings.push(message) },
    );
    tokenizer.encodeChat([{ role: 'user', content: 'he' }]);
    expect(warnings).toEqual([expect.stringContaining('ChatML takes its place')]);
  });

  it('cuts numbers as each pre-tokenizer does', () => {
    const merges = ['1 2', '12 3'];
    const data = byteLevel(['12', '123'], merges);
    const count = (pre: string) => createTokenizer({ ...data, pre }).encode('1231').length;
    expect({ smollm: count('smollm'), llama: count('llama-bpe'), qwen2: count('qwen2') }).toEqual({
      smollm: 4,
      llama: 2,
      qwen2: 4,
    });
  });

  describe('with a SentencePiece vocabulary', () => {
    const tokens = ['<unk>', '<s>', '</s>', ...hexBytes(), '▁', 'a', 'b', 'ab', '▁ab'];
    const scores = tokens.map((token) => (token === 'ab' ? -1 : token === '▁ab' ? -2 : -10));
    const data: TokenizerData = {
      model: 'llama',
      tokens,
      scores,
      tokenTypes: tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1)),
      bosToken: 1,
      eosToken: 2,
      unknownToken: 0,
      addBos: true,
      endTokens: [2],
    };
    const tokenizer = createTokenizer(data);

    it('starts with the first token and joins by score', () => {
      expect(tokenizer.encode('ab ab').map((id) => tokens[id])).toEqual(['<s>', '▁ab', '▁ab']);
    });

    it('falls back to bytes for what it does not know', () => {
      expect(tokenizer.encode('é').map((id) => tokens[id])).toEqual(['<s>', '▁', '<0xC3>', '<0xA9>']);
    });

    it('turns text into tokens and back, behind the space that it adds', () => {
      expect(decode(tokenizer, tokenizer.encode('ab é 你'))).toBe(' ab é 你');
    });
  });
});

function decode(tokenizer: { tokenBytes(token: number): Uint8Array }, tokens: readonly number[]): string {
  return Buffer.concat(tokens.map((token) => tokenizer.tokenBytes(token))).toString('utf8');
}

/** Ids 0 to 255 in the order of their bytes, then `he`, then control tokens, then what is given. */
function byteLevel(more: readonly string[] = [], merges: readonly string[] = []): TokenizerData {
  const letters = Array.from({ length: 256 }, (_, value) => value);
  const spelt: string[] = [];
  let stranger = 256;
  for (const value of letters) {
    const printable = (value >= 33 && value <= 126) || (value >= 161 && value <= 172) || value >= 174;
    spelt.push(String.fromCharCode(printable ? value : stranger++));
  }
  const tokens = [...spelt, 'he', '<|im_start|>', '<|im_end|>', ...more];
  return {
    model: 'gpt2',
    pre: 'smollm',
    tokens,
    tokenTypes: tokens.map((token) => (token.startsWith('<|im_') ? tokenType.control : tokenType.normal)),
    merges: ['h e', ...merges],
    eosToken: 258,
    endTokens: [258],
  };
}

function byte(character: string): number {
  return character.charCodeAt(0);
}

function hexBytes(): string[] {
  return Array.from({ length: 256 }, (_, value) => `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`);
}
