import type { Tokenizer } from '../engine/model-runner.js';
import { TooManyTokens } from '../engine/too-many-tokens.js';
import type { AppendTokens } from '../tokenizer/append-tokens.js';
import { createChatTemplate } from './chat-template.js';

export interface ChatTokenizerParts {
  /** Texts of the control tokens, which only the template may write, and their ids. */
  readonly controls: ReadonlyMap<string, number>;
  /** The token that a prompt begins with, and its text for the template. */
  readonly bos?: { readonly token: number; readonly text: string } | undefined;
  /** Whether a prompt begins with `bos`. */
  readonly addBos: boolean;
  /** For the template. */
  readonly eosText?: string | undefined;
  /** Jinja source. @default ChatML */
  readonly chatTemplate?: string | undefined;
  readonly endTokens: ReadonlySet<number>;
  /** For plain text: whatever looks like a control token in it is plain text too. */
  readonly appendPlain: AppendTokens;
  /** How many tokens a text has at least, without making them. */
  readonly leastTokens: (text: string) => number;
  readonly tokenBytes: (token: number) => Uint8Array;
  /** Told in one sentence why the template can't be used, and what takes its place. @default nobody is told */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A model's tokenizer with its chat template, from what its runtime makes of plain text. */
export function createChatTokenizer(parts: ChatTokenizerParts): Tokenizer {
  const { controls, bos, appendPlain, leastTokens } = parts;
  const render = createChatTemplate({
    source: parts.chatTemplate,
    controls: [...controls.keys()],
    bos: bos?.text,
    eos: parts.eosText,
    onWarning: parts.onWarning,
  });
  const withBos = (tokens: number[]): number[] => {
    if (bos && parts.addBos && tokens[0] !== bos.token) tokens.unshift(bos.token);
    return tokens;
  };
  const checkLength = (texts: readonly string[], most: number): void => {
    if (texts.reduce((sum, { length }) => sum + length, 0) <= most) return;
    const atLeast = texts.reduce((sum, text) => sum + leastTokens(text), 0);
    if (atLeast > most) throw new TooManyTokens(atLeast);
  };
  return {
    endTokens: parts.endTokens,
    encode: (text, most = Infinity) => {
      checkLength([text], most);
      const tokens: number[] = [];
      appendPlain(text, tokens, 2 * most);
      return withBos(tokens);
    },
    encodeChat: (messages, most = Infinity) => {
      const pieces = render(messages);
      const texts = pieces.flatMap((piece) => ('control' in piece ? [] : [piece.text]));
      checkLength(texts, most);
      const tokens: number[] = [];
      for (const piece of pieces) {
        if ('control' in piece) tokens.push(controls.get(piece.control) as number);
        else appendPlain(piece.text, tokens, 2 * most);
      }
      return withBos(tokens);
    },
    tokenBytes: parts.tokenBytes,
  };
}
