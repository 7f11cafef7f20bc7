import type { ChatMessage } from '../contract.js';
import type { Tokenizer } from '../engine/model-runner.js';

const roles: Readonly<Record<ChatMessage['role'], number>> = { system: 257, user: 258, assistant: 259, tool: 260 };

/**
 * One token a byte, and one token a role. Token 256 ends a message, and so an answer.
 *
 * A conversation becomes role, content, end for each message, then the assistant's role.
 */
export class FakeTokenizer implements Tokenizer {
  static readonly end = 256;
  static readonly assistant = roles.assistant;
  static readonly vocabularySize = 261;
  readonly endTokens: ReadonlySet<number> = new Set([FakeTokenizer.end]);

  encode(text: string): number[] {
    return [...new TextEncoder().encode(text)];
  }

  encodeChat(messages: readonly ChatMessage[]): number[] {
    const tokens = messages.flatMap(({ role, content }) => [roles[role], ...this.encode(content), FakeTokenizer.end]);
    return [...tokens, roles.assistant];
  }

  tokenBytes(token: number): Uint8Array {
    return token < 256 ? Uint8Array.of(token) : new Uint8Array();
  }

  /** Tokens back to text; control tokens have none. */
  decode(tokens: readonly number[]): string {
    return new TextDecoder().decode(Uint8Array.from(tokens.filter((token) => token < 256)));
  }
}
