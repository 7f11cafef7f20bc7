import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from '../engine/model-runner.js';
import { TooManyTokens } from '../engine/too-many-tokens.js';
import { InferenceError } from '../errors.js';
import { createChatTemplate } from './chat-template.js';
import { createLeastTokens } from './least-tokens.js';
import { preTokenizer } from './pre-tokenizers.js';
import { sentencePieceMerges } from './sentence-piece-merges.js';
import { tokenBytesTable } from './token-bytes.js';
import type { TokenizerData } from './tokenizer-data.js';
import { tokenType } from './tokenizer-data.js';

export interface TokenizerOptions {
  /** Told in one sentence what of the data can't be used, and what takes its place. @default nobody is told */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * The tokenizer that a GGUF file's metadata describes.
 *
 * @throws InferenceError `unsupported` for a vocabulary or pre-tokenizer that is not known
 */
export function createTokenizer(data: TokenizerData, options: TokenizerOptions = {}): Tokenizer {
  const controls = new Map<string, number>();
  data.tokens.forEach((token, id) => {
    if (isControl(token, data.tokenTypes[id])) controls.set(token, id);
  });
  const text = (id: number | undefined) => (id === undefined ? undefined : data.tokens[id]);
  const plain = new HubTokenizer(tokenizerJson(data), { clean_up_tokenization_spaces: false });
  const render = createChatTemplate({
    source: data.chatTemplate,
    controls: [...controls.keys()],
    bos: text(data.bosToken),
    eos: text(data.eosToken),
    onWarning: options.onWarning,
  });
  const encodePlain = (words: string) => (words === '' ? [] : plain.encode(words, { add_special_tokens: false }).ids);
  const withBos = (ids: number[]) => {
    const bos = data.addBos ? data.bosToken : undefined;
    if (bos !== undefined && ids[0] !== bos) ids.unshift(bos);
    return ids;
  };

  const tokenBytes = tokenBytesTable(data);
  const leastTokens = createLeastTokens(data, tokenBytes);
  const checkLength = (texts: readonly string[], most: number) => {
    if (texts.reduce((sum, { length }) => sum + length, 0) <= most) return;
    const atLeast = texts.reduce((sum, words) => sum + leastTokens(words), 0);
    if (atLeast > most) throw new TooManyTokens(atLeast);
  };

  return {
    endTokens: new Set(data.endTokens),
    encode: (words, most = Infinity) => {
      checkLength([words], most);
      return withBos(encodePlain(words));
    },
    encodeChat: (messages, most = Infinity) => {
      const ids: number[] = [];
      const pieces = render(messages);
      checkLength(
        pieces.flatMap((piece) => ('control' in piece ? [] : [piece.text])),
        most,
      );
      for (const piece of pieces) {
        if ('control' in piece) ids.push(controls.get(piece.control) as number);
        else for (const id of encodePlain(piece.text)) ids.push(id);
      }
      return withBos(ids);
    },
    tokenBytes,
  };
}

/** Some files declare their control tokens as user defined; those that look like markup are taken for control. */
function isControl(token: string, type: number | undefined): boolean {
  return type === tokenType.control || (type === tokenType.userDefined && /^(<.+>|\[.+\])$/.test(token));
}

/** The data in the form of Hugging Face's `tokenizer.json`, without its control tokens: those are never in plain text. */
function tokenizerJson(data: TokenizerData): object {
  const entries = data.tokens.map((token, id) => ({ token, id, type: data.tokenTypes[id] ?? tokenType.normal }));
  const plain = entries.filter(({ token, type }) => type !== tokenType.unused && !isControl(token, type));
  const vocab = Object.fromEntries(plain.map(({ token, id }) => [token, id]));
  const whole = plain.filter(({ type }) => type === tokenType.userDefined);
  const added_tokens = whole.map(({ token, id }) => ({ id, content: token, special: false, normalized: false }));
  const common = { added_tokens, decoder: null, post_processor: null };
  if (data.model === 'gpt2') {
    const { config, wholeWordsFirst } = preTokenizer(data.pre ?? 'default');
    const model = { type: 'BPE', vocab, merges: data.merges ?? [], ignore_merges: wholeWordsFirst ?? false };
    return { ...common, normalizer: null, pre_tokenizer: config, model };
  }
  if (data.model === 'llama') {
    const unknown = data.unknownToken === undefined ? undefined : data.tokens[data.unknownToken];
    const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
    const prefix = { type: 'Prepend', prepend: '\u2581' };
    const normalizers = data.addSpacePrefix === false ? [spaces] : [prefix, spaces];
    const merges = sentencePieceMerges(data, vocab);
    const model = { type: 'BPE', vocab, merges, byte_fallback: true, fuse_unk: true, unk_token: unknown };
    return { ...common, normalizer: { type: 'Sequence', normalizers }, pre_tokenizer: null, model };
  }
  throw new InferenceError(
    'unsupported',
    `The model's tokenizer '${data.model}' is not supported; known are gpt2, llama.`,
  );
}
