/** What a file says of its tokens. */
export interface MarkedVocabulary {
  readonly tokens: readonly string[];
  /** GGUF's `token_type`, one for each token. */
  readonly tokenTypes: readonly number[];
  readonly merges?: readonly string[] | undefined;
  /** Tokens that the file names as the start of a text. */
  readonly starts: readonly (number | undefined)[];
  /** Tokens that the file names as the end of a text, a turn or a message. */
  readonly ends: readonly (number | undefined)[];
}

/** Tokens that end an answer, whatever the metadata says. The list of llama.cpp. */
const endTexts = new Set([
  '</s>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<eos>',
  '<EOT>',
  '_<EOT>',
  '<|end|>',
  '<|end_of_text|>',
  '<|END_OF_TURN_TOKEN|>',
  '<|endoftext|>',
  '<|eom_id|>',
  '<|eot_id|>',
  '<|im_end|>',
  '<｜end▁of▁sentence｜>',
]);
const normal = 1;
const control = 3;
const markup = /^(<.+>|\[.+\])$/s;

/**
 * The tokens that end an answer, in ascending order, and the types with these tokens as control tokens: fine-tunes often
 * add `<|im_end|>` as a common token. What merges put together (an HTML `</s>`, say) is a piece of common text and stays
 * one, and so does what looks like no markup.
 */
export function markEnds(vocabulary: MarkedVocabulary): {
  readonly tokenTypes: readonly number[];
  readonly endTokens: readonly number[];
} {
  const { tokens, merges = [] } = vocabulary;
  const named = (ids: readonly (number | undefined)[]) => ids.filter((id) => id !== undefined);
  const written = tokens.flatMap((text, id) => (endTexts.has(text) ? [id] : []));
  const candidates = new Set([...named(vocabulary.starts), ...named(vocabulary.ends), ...written]);
  const looksMarked = [...candidates].filter((id) => endTexts.has(tokens[id] ?? '') || markup.test(tokens[id] ?? ''));
  const wanted = new Set(looksMarked.map((id) => tokens[id] ?? ''));
  const common = new Set(merges.map((merge) => merge.replace(' ', '')).filter((text) => wanted.has(text)));
  const isCommon = (id: number): boolean => vocabulary.tokenTypes[id] === normal && common.has(tokens[id] ?? '');

  const marked = new Set(looksMarked.filter((id) => !isCommon(id)));
  const ends = new Set([...named(vocabulary.ends), ...written.filter((id) => marked.has(id))]);
  return {
    tokenTypes: vocabulary.tokenTypes.map((type, id) => (marked.has(id) ? control : type)),
    endTokens: [...ends].sort((a, b) => a - b),
  };
}
