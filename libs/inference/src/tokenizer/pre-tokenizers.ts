import { InferenceError } from '../errors.js';

const contractions = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const words = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** `llama-bpe` cuts alike, but merges no piece anew that is a token already. */
const smaug = [`${contractions}|${words}|\\p{N}{1,3}|${rest}`];

export interface PreTokenizer {
  /** Each cuts the pieces that the one before it made, into its matches and what lies between them. */
  readonly patterns: readonly string[];
  /** A piece that is a token as it stands is not merged anew. */
  readonly wholeWordsFirst?: boolean;
}

/**
 * How text is cut before its pieces become tokens, for each way that GGUF's `tokenizer.ggml.pre` can name. Files know some
 * of them by several names; builds hold the one that stands here. The patterns are those of the models' own tokenizers,
 * in JavaScript's words.
 */
const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': { patterns: ["'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"] },
  smollm: {
    patterns: [
      // each digit of any script apart, and then as gpt-2
      "\\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?![^\\s\\p{N}])|\\s+",
    ],
  },
  default: {
    patterns: [
      '[\\p{P}$+<=>^~|]+',
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
      '\\p{N}+',
      '[0-9][0-9][0-9]',
    ],
  },
  'llama-bpe': { patterns: smaug, wholeWordsFirst: true },
  'smaug-bpe': { patterns: smaug },
  qwen2: { patterns: [`${contractions}|${words}|\\p{N}|${rest}`] },
};

/**
 * The pre-tokenizer of that name.
 *
 * @throws InferenceError `unsupported` for a name that is not known: guessing would spoil every prompt
 */
export function preTokenizer(name: string): PreTokenizer {
  const known = Object.hasOwn(preTokenizers, name) ? preTokenizers[name] : undefined;
  if (known) return known;
  throw new InferenceError(
    'unsupported',
    `The model's pre-tokenizer '${name}' is not supported; known are ${Object.keys(preTokenizers).join(', ')}.`,
  );
}
