import type { Tokenizer } from '../engine/model-runner.js';
import { TooManyTokens } from '../engine/too-many-tokens.js';
import { InferenceError } from '../errors.js';
import type { AppendTokens } from './append-tokens.js';
import { createByteLevelTokens } from './byte-level-tokens.js';
import { createChatTemplate } from './chat-template.js';
import { escapePattern } from './escape-pattern.js';
import { createLeastTokens } from './least-tokens.js';
import { isControl, plainVocabulary } from './plain-vocabulary.js';
import { createSentencePieceTokens } from './sentence-piece-tokens.js';
import { tokenBytesTable } from './token-bytes.js';
import type { TokenizerData } from './tokenizer-data.js';

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
  const appendPlain = createPlainTokens(data);
  const render = createChatTemplate({
    source: data.chatTemplate,
    controls: [...controls.keys()],
    bos: text(data.bosToken),
    eos: text(data.eosToken),
    onWarning: options.onWarning,
  });
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
      const ids: number[] = [];
      appendPlain(words, ids, 2 * most);
      return withBos(ids);
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
        else appendPlain(piece.text, ids, 2 * most);
      }
      return withBos(ids);
    },
    tokenBytes,
  };
}

/** Tokens of plain text: user defined tokens wherever they stand, the longest first, and what lies between them. */
function createPlainTokens(data: TokenizerData): AppendTokens {
  const { ids, whole } = plainVocabulary(data);
  const append = createModelTokens(data, ids);
  if (whole.length === 0) return append;
  const longestFirst = [...whole].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${longestFirst.map(escapePattern).join('|')})`);
  return (text, tokens, most) => {
    text.split(pattern).forEach((part, index) => {
      if (index % 2 === 1) tokens.push(ids.get(part) as number);
      else if (part !== '') append(part, tokens, most);
    });
  };
}

function createModelTokens(data: TokenizerData, ids: ReadonlyMap<string, number>): AppendTokens {
  if (data.model === 'gpt2') return createByteLevelTokens(data, ids);
  if (data.model === 'llama') return createSentencePieceTokens(data, ids);
  throw new InferenceError(
    'unsupported',
    `The model's tokenizer '${data.model}' is not supported; known are gpt2, llama.`,
  );
}
