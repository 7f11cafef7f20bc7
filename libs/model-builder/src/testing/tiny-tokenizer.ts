import type { GgufEntry } from './write-gguf.js';

const control = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const merges = ['h e', 'l l', 'Ġ t', 'Ġt he', 'o u'];

/** Tokens of the tiny tokenizer: three control tokens, 256 bytes, five merges. */
export const tinyTokens: readonly string[] = [
  ...control,
  ...byteTexts(),
  ...merges.map((merge) => merge.replace(' ', '')),
];

/** ChatML, with a generation prompt. */
export const tinyChatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Metadata of a byte-level BPE tokenizer with `vocabularySize` tokens; those beyond its own are unused. */
export function tinyTokenizerMetadata(vocabularySize: number): Readonly<Record<string, GgufEntry>> {
  const tokens = Array.from({ length: vocabularySize }, (_, id) => tinyTokens[id] ?? `<|unused_${id}|>`);
  const types = tokens.map((_, id) => (id < control.length ? 3 : id < tinyTokens.length ? 1 : 5));
  return {
    'tokenizer.ggml.model': ['string', 'gpt2'],
    'tokenizer.ggml.pre': ['string', 'smollm'],
    'tokenizer.ggml.tokens': ['string[]', tokens],
    'tokenizer.ggml.token_type': ['i32[]', types],
    'tokenizer.ggml.merges': ['string[]', merges],
    'tokenizer.ggml.bos_token_id': ['u32', 1],
    'tokenizer.ggml.eos_token_id': ['u32', 2],
    'tokenizer.ggml.unknown_token_id': ['u32', 0],
    'tokenizer.ggml.padding_token_id': ['u32', 2],
    'tokenizer.ggml.add_bos_token': ['bool', false],
    'tokenizer.ggml.add_space_prefix': ['bool', false],
    'tokenizer.chat_template': ['string', tinyChatTemplate],
  };
}

/** The printable characters that stand for the 256 bytes in byte-level BPE, in the order of GPT-2's vocabulary. */
function byteTexts(): string[] {
  const printable = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const others = bytes.filter((byte) => !printable(byte)).map((_, index) => String.fromCodePoint(256 + index));
  return [...bytes.filter(printable).map((byte) => String.fromCodePoint(byte)), ...others];
}
