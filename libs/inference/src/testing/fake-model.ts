import { FakeTokenizer } from './fake-tokenizer.js';

/** So far apart that sampling at temperature 1 follows them too. */
const sure = 40;

/**
 * The logits of a model that answers the last user message with `respond`'s text. `undefined` when the tokens are
 * no conversation. Once something else was written, it ends.
 */
export function recite(
  tokenizer: FakeTokenizer,
  tokens: readonly number[],
  respond: (message: string) => string,
): Float32Array | undefined {
  const start = tokens.lastIndexOf(FakeTokenizer.assistant);
  if (start === -1) return undefined;
  const answer = tokenizer.encode(respond(lastUserMessage(tokenizer, tokens.slice(0, start))));
  const written = tokens.slice(start + 1);
  const isOnTrack = written.every((token, index) => token === answer[index]);
  const next = isOnTrack ? answer[written.length] : undefined;
  const logits = new Float32Array(FakeTokenizer.vocabularySize);
  logits[next ?? FakeTokenizer.end] = sure;
  return logits;
}

/** The logits of a model that never ends: small letters and spaces, which depend on all the tokens before. */
export function babble(tokens: readonly number[]): Float32Array {
  let hash = 0x811c9dc5;
  for (const token of tokens) hash = Math.imul(hash ^ token, 0x01000193);
  const logits = new Float32Array(FakeTokenizer.vocabularySize).fill(-sure);
  for (const byte of new TextEncoder().encode(' abcdefghijklmnopqrstuvwxyz')) {
    hash = Math.imul(hash ^ byte, 0x01000193);
    logits[byte] = ((hash >>> 8) & 0xffff) / 0x4000;
  }
  return logits;
}

function lastUserMessage(tokenizer: FakeTokenizer, tokens: readonly number[]): string {
  const [user] = tokenizer.encodeChat([{ role: 'user', content: '' }]);
  const start = tokens.lastIndexOf(user ?? -1) + 1;
  return tokenizer.decode(tokens.slice(start, tokens.indexOf(FakeTokenizer.end, start)));
}
