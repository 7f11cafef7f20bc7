import { tokenType } from './tokenizer-data.js';

/**
 * Makes a function that tells how many tokens a text has at least, which takes no time beside making them: each token
 * stands for as many bytes as the longest one at most. Only bytes count that are a token by themselves, since others may
 * be left out.
 *
 * @param bytesOf the bytes that a token stands for
 */
export function createLeastTokens(
  data: { readonly tokens: readonly unknown[]; readonly tokenTypes: readonly number[] },
  bytesOf: (token: number) => Uint8Array,
): (text: string) => number {
  let known: TokenSizes | undefined; // all tokens are looked at, so only when a long text comes
  return (text) => {
    const { single, longest } = (known ??= measureTokens(data, bytesOf));
    let count = 0;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at++) count += single[bytes[at] as number] as number;
    return Math.ceil(count / longest);
  };
}

interface TokenSizes {
  /** 1 for each byte that is a token by itself. */
  readonly single: Uint8Array;
  /** Bytes of the longest token. */
  readonly longest: number;
}

function measureTokens(
  data: { readonly tokens: readonly unknown[]; readonly tokenTypes: readonly number[] },
  bytesOf: (token: number) => Uint8Array,
): TokenSizes {
  const single = new Uint8Array(256);
  let longest = 1;
  for (let token = 0; token < data.tokens.length; token++) {
    const type = data.tokenTypes[token];
    if (type === tokenType.control || type === tokenType.unused) continue;
    const bytes = bytesOf(token);
    longest = Math.max(longest, bytes.length);
    if (bytes.length === 1) single[bytes[0] as number] = 1;
  }
  return { single, longest };
}
