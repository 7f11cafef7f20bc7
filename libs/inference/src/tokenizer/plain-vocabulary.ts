import type { TokenizerData } from './tokenizer-data.js';
import { tokenType } from './tokenizer-data.js';

/** The tokens that plain text may become: all but control tokens and unused ones. */
export interface PlainVocabulary {
  /** Ids by text. */
  readonly ids: ReadonlyMap<string, number>;
  /** Texts that are a token wherever they stand. */
  readonly whole: readonly string[];
}

/** Of several tokens with one text, the last counts, and a user defined one before all others. */
export function plainVocabulary(data: TokenizerData): PlainVocabulary {
  const ids = new Map<string, number>();
  const whole = new Map<string, number>();
  data.tokens.forEach((token, id) => {
    const type = data.tokenTypes[id];
    if (type === tokenType.unused || isControl(token, type)) return;
    ids.set(token, id);
    if (type === tokenType.userDefined && token !== '') whole.set(token, id);
  });
  for (const [token, id] of whole) ids.set(token, id);
  return { ids, whole: [...whole.keys()] };
}

/** Some files declare their control tokens as user defined; those that look like markup are taken for control. */
export function isControl(token: string, type: number | undefined): boolean {
  return type === tokenType.control || (type === tokenType.userDefined && looksLikeControl(token));
}

/** Whether a token that a file calls user-defined is markup, which only a template should write. */
export function looksLikeControl(token: string): boolean {
  return /^(<.+>|\[.+\])$/.test(token);
}
