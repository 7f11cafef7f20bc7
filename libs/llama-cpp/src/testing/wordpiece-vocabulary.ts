import type { GgufEntry } from '@mcli/model-builder/testing';

const control = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const words = ['the', 'hello', 'world', 'and', 'search'];
const endings = ['ing', 'ed', 'er'];

/** In a GGUF file what begins a word has `▁` in front, and what continues one has no `##`. */
const tokens: readonly string[] = [
  ...control,
  ...words.map((word) => `▁${word}`),
  ...endings,
  ...ascii().flatMap((character) => [`▁${character}`, character]),
];

/** Metadata of BERT's tokenizer with lower-case ASCII: `[CLS]` in front of a text, `[SEP]` behind, no chat template. */
export const wordpieceMetadata: Readonly<Record<string, GgufEntry>> = {
  'tokenizer.ggml.model': ['string', 'bert'],
  'tokenizer.ggml.pre': ['string', 'default'],
  'tokenizer.ggml.token_type_count': ['u32', 2],
  'tokenizer.ggml.tokens': ['string[]', tokens],
  'tokenizer.ggml.token_type': ['i32[]', tokens.map((_, id) => (id < control.length ? 3 : 1))],
  'tokenizer.ggml.padding_token_id': ['u32', 0],
  'tokenizer.ggml.unknown_token_id': ['u32', 1],
  'tokenizer.ggml.bos_token_id': ['u32', 2],
  'tokenizer.ggml.cls_token_id': ['u32', 2],
  'tokenizer.ggml.seperator_token_id': ['u32', 3],
  'tokenizer.ggml.mask_token_id': ['u32', 4],
};

/** The number of its tokens. */
export const wordpieceSize = tokens.length;

function ascii(): string[] {
  const all = Array.from({ length: 126 - 32 }, (_, index) => String.fromCharCode(33 + index));
  return all.filter((character) => character === character.toLowerCase());
}
