import type { Tokenizer } from '../engine/model-runner.js';
import { InferenceError } from '../errors.js';
import type { AppendTokens } from './append-tokens.js';
import { createByteLevelTokens } from './byte-level-tokens.js';
import { createChatTokenizer } from '../chat/chat-tokenizer.js';
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
  const bosText = text(data.bosToken);
  const tokenBytes = tokenBytesTable(data);
  return createChatTokenizer({
    controls,
    bos: data.bosToken === undefined || bosText === undefined ? undefined : { token: data.bosToken, text: bosText },
    addBos: data.addBos ?? false,
    eosText: text(data.eosToken),
    chatTemplate: data.chatTemplate,
    endTokens: new Set(data.endTokens),
    appendPlain: createPlainTokens(data),
    leastTokens: createLeastTokens(data, tokenBytes),
    tokenBytes,
    onWarning: options.onWarning,
  });
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
