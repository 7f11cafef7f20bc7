import type { LlamaModel, Vocabulary } from '@mcli/llama-cpp';
import { createChatTokenizer } from '../chat/chat-tokenizer.js';
import type { Tokenizer } from '../engine/model-runner.js';
import { createLeastTokens } from '../tokenizer/least-tokens.js';
import { looksLikeControl } from '../tokenizer/plain-vocabulary.js';
import { escapePattern } from '../tokenizer/escape-pattern.js';
import { tokenType } from '../tokenizer/tokenizer-data.js';

/**
 * The tokenizer of a model that llama.cpp opened: its vocabulary, and its file's chat template.
 *
 * @param onWarning told in one sentence why the template can't be used, and what takes its place
 */
export function createVocabularyTokenizer(
  { vocabulary, chatTemplate }: LlamaModel,
  onWarning?: (message: string) => void,
): Tokenizer {
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  const kinds = ids.map((id) => vocabulary.kindOf(id));
  const controls = new Map<string, number>();
  /** Control tokens that the file calls user-defined: the library finds these in plain text too. */
  const disguised: string[] = [];
  for (const id of ids) {
    if (kinds[id] !== 'control' && kinds[id] !== 'user-defined') continue;
    const text = vocabulary.textOf(id);
    if (kinds[id] === 'user-defined') {
      if (!looksLikeControl(text)) continue;
      disguised.push(text);
    }
    controls.set(text, id);
  }
  const bytes = new Array<Uint8Array | undefined>(vocabulary.size);
  // User-defined ones have the bytes of their text: models mark their thoughts with such.
  const tokenBytes = (token: number): Uint8Array => (bytes[token] ??= vocabulary.bytesOf(token));
  const tokenTypes = kinds.map((kind) =>
    kind === 'control' || kind === 'unused' ? tokenType[kind] : tokenType.normal,
  );
  const { begin, end } = vocabulary;
  return createChatTokenizer({
    controls,
    bos: begin === undefined ? undefined : { token: begin, text: vocabulary.textOf(begin) },
    addBos: vocabulary.addsBegin,
    eosText: end === undefined ? undefined : vocabulary.textOf(end),
    chatTemplate,
    onWarning,
    endTokens: new Set(ids.filter((id) => vocabulary.endsGeneration(id))),
    appendPlain: plainTokens(vocabulary, disguised),
    leastTokens: createLeastTokens({ tokens: ids, tokenTypes }, tokenBytes),
    tokenBytes,
  });
}

/**
 * Parts texts inside what the library would take for a control token. Where a vocabulary puts a space in front of texts, it
 * does so in front of these parts too.
 */
function plainTokens(vocabulary: Vocabulary, disguised: readonly string[]): (text: string, tokens: number[]) => void {
  const append = (text: string, tokens: number[]): void => {
    if (text !== '') for (const token of vocabulary.tokenize(text)) tokens.push(token);
  };
  if (disguised.length === 0) return append;
  const anyOfThem = disguised.map(escapePattern).join('|');
  // Only looks ahead: one may begin inside another.
  const pattern = new RegExp(`(?=${anyOfThem})`, 'g');
  return (text, tokens) => {
    let from = 0;
    for (const { index } of text.matchAll(pattern)) {
      append(text.slice(from, index + 1), tokens);
      from = index + 1;
    }
    append(text.slice(from), tokens);
  };
}
