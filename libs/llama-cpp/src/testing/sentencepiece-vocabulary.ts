import type { GgufEntry } from '@mcli/model-builder/testing';
import { tinyChatTemplate } from '@mcli/model-builder/testing';

/** How llama.cpp numbers kinds of tokens. */
const normal = 1;
const unknown = 2;
const control = 3;
const byte = 6;

type Token = readonly [text: string, type: number, score: number];

/** Pieces in the order in which they are merged, and what is put together to them. */
const pieces = ['he', 'll', '▁t', '▁the', 'ou', '▁h', '▁he', 'in', 'er', '▁a'];

const tokens: readonly Token[] = [
  ['<unk>', unknown, 0],
  ['<s>', control, 0],
  ['</s>', control, 0],
  ['<|im_start|>', control, 0],
  ['<|im_end|>', control, 0],
  ['<|endoftext|>', control, 0],
  ...Array.from({ length: 256 }, (_, value): Token => [
    `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`,
    byte,
    0,
  ]),
  ...pieces.map((piece, index): Token => [piece, normal, -index]),
  ...['▁', ...printable()].map((text, index): Token => [text, normal, -pieces.length - index]),
];

/**
 * Metadata of a tokenizer in SentencePiece's manner: `<s>` in front of a text, a space too, printable ASCII, a few
 * pieces, all else as bytes; `<|im_end|>` ends an answer.
 */
export const sentencepieceMetadata: Readonly<Record<string, GgufEntry>> = {
  'tokenizer.ggml.model': ['string', 'llama'],
  'tokenizer.ggml.pre': ['string', 'default'],
  'tokenizer.ggml.tokens': ['string[]', tokens.map(([text]) => text)],
  'tokenizer.ggml.scores': ['f32[]', tokens.map(([, , score]) => score)],
  'tokenizer.ggml.token_type': ['i32[]', tokens.map(([, type]) => type)],
  'tokenizer.ggml.bos_token_id': ['u32', 1],
  'tokenizer.ggml.eos_token_id': ['u32', 4],
  'tokenizer.ggml.unknown_token_id': ['u32', 0],
  'tokenizer.ggml.padding_token_id': ['u32', 2],
  'tokenizer.ggml.add_bos_token': ['bool', true],
  'tokenizer.ggml.add_eos_token': ['bool', false],
  'tokenizer.ggml.add_space_prefix': ['bool', true],
  'tokenizer.chat_template': ['string', tinyChatTemplate],
};

/** The number of its tokens. */
export const sentencepieceSize = tokens.length;

function printable(): string[] {
  return Array.from({ length: 126 - 32 }, (_, index) => String.fromCharCode(33 + index));
}
