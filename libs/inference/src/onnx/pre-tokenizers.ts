import { InferenceError } from '../errors.js';

const byteLevel = (useRegex: boolean) => ({ type: 'ByteLevel', add_prefix_space: false, use_regex: useRegex });
const split = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const words = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** `llama-bpe` cuts alike, but merges no piece anew that is a token already. */
const smaug = sequence(split(`${contractions}|${words}|\\p{N}{1,3}|${rest}`), byteLevel(false));

/**
 * How text is cut before its pieces become tokens, for each way that GGUF's `tokenizer.ggml.pre` can name, in the form of
 * Hugging Face's `tokenizer.json`. Files know some of them by several names; builds hold the one that stands here. The
 * patterns are those of the models' own tokenizers.
 */
const preTokenizers: Readonly<Record<string, { config: object; wholeWordsFirst?: boolean }>> = {
  'gpt-2': { config: byteLevel(true) },
  smollm: { config: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)) },
  default: {
    config: sequence(
      split('[\\p{P}\\$\\+<=>\\^~\\|]+'),
      split("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"),
      split('\\p{N}+'),
      split('[0-9][0-9][0-9]'),
      byteLevel(false),
    ),
  },
  'llama-bpe': { config: smaug, wholeWordsFirst: true },
  'smaug-bpe': { config: smaug },
  qwen2: { config: sequence(split(`${contractions}|${words}|\\p{N}|${rest}`), byteLevel(false)) },
};

/**
 * The pre-tokenizer of that name. `wholeWordsFirst`: a piece that is a token as it stands is not merged anew.
 *
 * @throws InferenceError `unsupported` for a name that is not known: guessing would spoil every prompt
 */
export function preTokenizer(name: string): { readonly config: object; readonly wholeWordsFirst?: boolean } {
  const known = Object.hasOwn(preTokenizers, name) ? preTokenizers[name] : undefined;
  if (known) return known;
  throw new InferenceError(
    'unsupported',
    `The model's pre-tokenizer '${name}' is not supported; known are ${Object.keys(preTokenizers).join(', ')}.`,
  );
}
