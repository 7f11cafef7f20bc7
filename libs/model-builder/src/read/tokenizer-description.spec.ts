import { tinyTokens } from '../testing/index.js';
import type { GgufFile } from './gguf-file.js';
import { GgufMetadata } from './gguf-metadata.js';
import type { MetadataValue } from './gguf-metadata.js';
import { readTokenizer } from './tokenizer-description.js';

const names = ['bos', 'eos', 'eot', 'eom', 'unknown', 'padding'];

describe('readTokenizer', () => {
  it.each<MetadataValue>([264, 2 ** 32 - 1, -1, 2n ** 64n - 1n])(
    'takes special tokens numbered %p for ones that the model does not have',
    (id) => {
      const ids = Object.fromEntries(names.map((name) => [`${name}_token_id`, id]));
      const { bosToken, eosToken, unknownToken, padToken, endTokens } = read(ids);

      expect([bosToken, eosToken, unknownToken, padToken]).toEqual([undefined, undefined, undefined, undefined]);
      expect(endTokens).toEqual([0, 2]);
    },
  );

  it('falls back on the usual ids of SentencePiece where those are special tokens', () => {
    const tokens = ['<unk>', '<s>', '</s>', 'a'];
    const token_type = [2, 3, 3, 1];
    const description = read({ model: 'llama', tokens, token_type, scores: [0, 0, 0, 0], eos_token_id: 4 });

    expect(description).toMatchObject({ unknownToken: 0, bosToken: 1, eosToken: 2, endTokens: [2], addBos: true });
    expect(read({ model: 'llama', tokens: ['a', 'b', 'c', 'd'] }).bosToken).toBeUndefined();
  });

  it('refuses an id that is no number', () => {
    expect(() => read({ padding_token_id: 'none' })).toThrow(/padding_token_id is not an integer/);
  });

  it.each(['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'lfm2'])('starts texts with BOS for %s', (pre) => {
    expect(read({ pre })).toMatchObject({ pre: 'llama-bpe', addBos: true });
    expect(read({ pre, add_bos_token: false }).addBos).toBe(false);
  });

  it.each([
    ['deepseek-r1-qwen', 'qwen2'],
    ['phi-2', 'gpt-2'],
    ['smollm', 'smollm'],
    ['minerva-7b', 'smollm'],
    ['smaug-bpe', 'smaug-bpe'],
    ['unheard-of', 'unheard-of'],
  ])('calls the pre-tokenizer %s by the name %s, and adds no BOS', (pre, name) => {
    expect(read({ pre })).toMatchObject({ pre: name, addBos: false });
  });
});

function read(values: Readonly<Record<string, MetadataValue>>): ReturnType<typeof readTokenizer> {
  const types = tinyTokens.map((_, id) => (id < 3 ? 3 : 1));
  const own = 'tokens' in values ? {} : { token_type: types, merges: ['h e'] };
  const all = { model: 'gpt2', tokens: tinyTokens, ...own, ...values };
  const entries = Object.entries(all).map(([name, value]) => [`tokenizer.ggml.${name}`, value] as const);
  const file: GgufFile = {
    label: 'a.gguf',
    size: 0,
    version: 3,
    metadata: new GgufMetadata(new Map(entries), 'a.gguf'),
    tensors: new Map(),
    fd: -1,
    close: () => Promise.resolve(),
  };
  return readTokenizer(file, all.tokens.length);
}
