import { tinyTokens } from '../testing/index.js';
import type { GgufFile } from './gguf-file.js';
import { GgufMetadata } from './gguf-metadata.js';
import type { MetadataValue } from './gguf-metadata.js';
import type { OnWarning } from './on-warning.js';
import { readTokenizer } from './tokenizer-description.js';

const sentencePiece = { model: 'llama', tokens: ['<unk>', '<s>', '</s>', 'a'], token_type: [2, 3, 3, 1] };
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
    expect(warningsOf({ pre })).toEqual([]);
  });

  it('says nothing of a file that is right', () => {
    expect(warningsOf({ bos_token_id: 1, eos_token_id: 2, add_bos_token: true, add_eos_token: false })).toEqual([]);
    expect(warningsOf({ ...sentencePiece, scores: [0, 0, 0, 0] })).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, MetadataValue>>, string]>([
    [
      'an id outside the vocabulary',
      { padding_token_id: 2 ** 32 - 1 },
      'padding_token_id is 4294967295, which is none of 264 tokens: the model is taken to have none.',
    ],
    [
      'an id outside the vocabulary where another is usual',
      { ...sentencePiece, scores: [0, 0, 0, 0], eos_token_id: -1 },
      'eos_token_id is -1, which is none of 4 tokens: the usual 2 is taken.',
    ],
    [
      'ends that are no control tokens',
      { token_type: tinyTokens.map((_, id) => (id === 1 ? 3 : id < 3 ? 4 : 1)) },
      `Taken for control tokens, though token_type doesn't mark them as such: "<|endoftext|>", "<|im_end|>".`,
    ],
    [
      'a missing pre-tokenizer',
      { pre: undefined as never },
      'pre is missing: text is cut in the default way, which may not be what the model learned.',
    ],
    [
      'a BOS token that is nowhere',
      { add_bos_token: true },
      'Texts should start with a BOS token, but bos_token_id names none: they start without.',
    ],
    [
      'prompts that should end in EOS',
      { eos_token_id: 2, add_eos_token: true },
      'add_eos_token is true: prompts get none all the same, or no answer would follow.',
    ],
    [
      'missing scores',
      sentencePiece,
      'scores is missing: all tokens count alike, and text may be cut otherwise than the model learned.',
    ],
    ['missing merges', { merges: undefined as never }, 'merges is missing: text is cut into single bytes.'],
    [
      'missing types',
      { token_type: undefined as never },
      'token_type is missing: all tokens but starts and ends are taken for common text.',
    ],
  ])('warns once of %s', (_, values, warning) => {
    expect(warningsOf(values)).toEqual([warning]);
  });
});

function warningsOf(values: Readonly<Record<string, MetadataValue>>): readonly string[] {
  const warnings: string[] = [];
  read({ pre: 'smollm', ...values }, (message) => warnings.push(message));
  return warnings.map((message) => message.replaceAll('tokenizer.ggml.', ''));
}

function read(
  values: Readonly<Record<string, MetadataValue>>,
  onWarning: OnWarning = () => undefined,
): ReturnType<typeof readTokenizer> {
  const types = tinyTokens.map((_, id) => (id < 3 ? 3 : 1));
  const own = 'tokens' in values ? {} : { token_type: types, merges: ['h e'] };
  const all = { model: 'gpt2', tokens: tinyTokens, ...own, ...values };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  const entries = given.map(([name, value]) => [`tokenizer.ggml.${name}`, value] as const);
  const file: GgufFile = {
    label: 'a.gguf',
    size: 0,
    version: 3,
    metadata: new GgufMetadata(new Map(entries), 'a.gguf'),
    tensors: new Map(),
    fd: -1,
    close: () => Promise.resolve(),
  };
  return readTokenizer(file, all.tokens.length, onWarning);
}
