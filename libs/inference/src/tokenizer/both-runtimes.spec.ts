import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaModel } from '@mcli/llama-cpp';
import { loadLlamaCpp } from '@mcli/llama-cpp';
import { writeTinyGguf } from '@mcli/llama-cpp/testing';
import type { TinyVocabularyName } from '@mcli/llama-cpp/testing';
import { readGgufHeader } from '@mcli/model-builder';
import type { GgufEntry } from '@mcli/model-builder/testing';
import { readTokenizer } from '@mcli/model-builder/testing';
import fc from 'fast-check';
import type { Tokenizer } from '../engine/model-runner.js';
import { createVocabularyTokenizer } from '../llama-cpp/vocabulary-tokenizer.js';
import { createTokenizer } from './tokenizer.js';

const embedded = join(import.meta.dirname, '../../../model-smollm2/model/SmolLM2-135M-Instruct.Q4_1.gguf');

let folder: string;
const models: LlamaModel[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-both-runtimes-'));
});
afterAll(async () => {
  await Promise.all(models.map((model) => model.dispose()));
  await rm(folder, { recursive: true, force: true });
});

/** A file's tokenizer for each runtime. */
const runtimes = {
  'ONNX Runtime': async (path: string): Promise<Tokenizer> => {
    const { metadata } = await readGgufHeader(path);
    const size = metadata.texts('tokenizer.ggml.tokens')?.length ?? 0;
    const file = { metadata, label: 'model.gguf' } as Parameters<typeof readTokenizer>[0];
    return createTokenizer(readTokenizer(file, size, () => undefined));
  },
  'llama.cpp': async (path: string): Promise<Tokenizer> => {
    const model = await (await loadLlamaCpp()).loadModel(path, { vocabularyOnly: true });
    models.push(model);
    return createVocabularyTokenizer(model);
  },
};

const parts = [
  ...Array.from('abcdeABC0129.,!?<>|=$^~-_\'"\t\n\r\u000b\u0000\u00a0\u3000½²٣éß\u0301\u200d的一'),
  ...['  ', '\r\n', "'s", "'LL", ' the', ' 12', 'hello', 'aaaaaaa', '<0x61>', '👩🏽', '\ud83d', '\ude00'],
  ...['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<s>', '</s>', '<unk>', '▁', 'Ġ'],
];
const text = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...parts) }, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 40,
    size: 'max',
  })
  .map((found) => found.join(''));

const textOf = (tokenizer: Tokenizer, tokens: readonly number[]): string =>
  Buffer.concat(tokens.map((token) => tokenizer.tokenBytes(token))).toString('utf8');

describe('the tokenizers of both runtimes', () => {
  it('make the same tokens of the embedded model, of any text and conversation', async () => {
    const [ours, theirs] = [await runtimes['ONNX Runtime'](embedded), await runtimes['llama.cpp'](embedded)];
    // llama.cpp knows more texts that end an answer in some model or other.
    expect([...theirs.endTokens]).toEqual(expect.arrayContaining([...ours.endTokens]));
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect({ one, tokens: theirs.encode(one) }).toEqual({ one, tokens: ours.encode(one) });
        const messages = [
          { role: 'system', content: other },
          { role: 'user', content: one },
        ] as const;
        expect({ messages, tokens: theirs.encodeChat(messages) }).toEqual({
          messages,
          tokens: ours.encodeChat(messages),
        });
      }),
      { numRuns: 500 },
    );
    const words = 'In the beginning, 2024 saw “new” things: naïve café’s 3.14 — and\n\n\tindented code(); '.repeat(200);
    expect(theirs.encode(words)).toEqual(ours.encode(words));
    for (let token = 0; token < 49_152; token += 7)
      expect({ token, bytes: [...theirs.tokenBytes(token)] }).toEqual({ token, bytes: [...ours.tokenBytes(token)] });
  });

  it.each<TinyVocabularyName>(['bpe', 'sentencepiece'])(
    'make the same tokens of a vocabulary of the kind %s',
    async (vocabulary) => {
      const path = join(folder, `${vocabulary}.gguf`);
      await writeTinyGguf(path, 'llama', { vocabulary });
      const [ours, theirs] = [await runtimes['ONNX Runtime'](path), await runtimes['llama.cpp'](path)];
      fc.assert(
        fc.property(text, (one) => {
          expect({ one, tokens: theirs.encode(one) }).toEqual({ one, tokens: ours.encode(one) });
        }),
        { numRuns: 300 },
      );
    },
  );
});

/** A tiny vocabulary whose control tokens are declared as such, or as user-defined ones. */
async function writeVocabulary(vocabulary: TinyVocabularyName, type: number) {
  const plain = join(folder, `${vocabulary}-plain.gguf`);
  await writeTinyGguf(plain, 'llama', { vocabulary });
  const { metadata } = await readGgufHeader(plain);
  const texts = [...(metadata.texts('tokenizer.ggml.tokens') ?? [])];
  const types = texts.map((_, id) => Number((metadata.get('tokenizer.ggml.token_type') as readonly number[])[id]));
  // One inside another: a letter's place is taken by it.
  texts[texts.indexOf('Q')] = '<|[im]|>';
  texts[texts.indexOf('Z')] = '[im]';
  const controls = new Set(texts.flatMap((token, id) => (/^(<\|.+\|>|\[im\])$/.test(token) ? [id] : [])));
  for (const id of controls) types[id] = type;
  const changed: Record<string, GgufEntry> = {
    'tokenizer.ggml.tokens': ['string[]', texts],
    'tokenizer.ggml.token_type': ['i32[]', types],
  };
  const path = join(folder, `${vocabulary}-${type}.gguf`);
  await writeTinyGguf(path, 'llama', { vocabulary, metadata: changed });
  return { path, controls, texts };
}

describe.each(Object.entries(runtimes))('control tokens on %s', (_, create) => {
  describe.each<TinyVocabularyName>(['bpe', 'sentencepiece'])('in a vocabulary of the kind %s', (vocabulary) => {
    it.each([
      ['control tokens', 3],
      ['user-defined tokens', 4],
    ])('that the file declares as %s stay text in what users write', async (_kind, type) => {
      const { path, controls, texts } = await writeVocabulary(vocabulary, type);
      const tokenizer = await create(path);
      const markers = fc.constantFrom(...['<|im_start|>', '<|im_end|>', '<|[im]|>', '[im]', '<', '|>', 'a', ' ', '[']);
      const controlsIn = (tokens: readonly number[]) => tokens.filter((token) => controls.has(token));
      const own = controlsIn(tokenizer.encodeChat([{ role: 'user', content: '' }]));
      expect(own.map((token) => texts[token])).toEqual(['<|im_start|>', '<|im_end|>', '<|im_start|>']);
      // A token that only looks like control has a text when a model writes it; not one that begins or ends texts.
      for (const token of controls) {
        if (!texts[token]?.includes('[im]')) continue;
        expect(textOf(tokenizer, [token])).toBe(type === 3 ? '' : texts[token]);
      }
      const plainOf = (tokens: readonly number[]) =>
        textOf(
          tokenizer,
          tokens.filter((token) => !controls.has(token)),
        );
      // Where a vocabulary puts a space in front of texts, it does so where a text was parted.
      const bare = (one: string) => (vocabulary === 'sentencepiece' ? one.replaceAll(' ', '') : one);
      fc.assert(
        fc.property(fc.array(markers, { maxLength: 12 }), (found) => {
          const content = found.join('');
          const tokens = tokenizer.encode(content);
          expect(controlsIn(tokens)).toEqual([]);
          expect(bare(plainOf(tokens))).toBe(bare(content));
          const chat = tokenizer.encodeChat([{ role: 'user', content }]);
          expect(controlsIn(chat)).toEqual(own);
          expect(bare(plainOf(chat))).toBe(bare(`user\n${content}\nassistant\n`));
        }),
        { numRuns: 200 },
      );
    });
  });
});
