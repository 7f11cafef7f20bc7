import { byteSpelling } from './byte-spelling.js';
import type { TokenizerData } from './tokenizer-data.js';
import { tokenType } from './tokenizer-data.js';

const nothing = new Uint8Array(0);

/**
 * The bytes that each token writes, by id. Control and unknown tokens write none.
 *
 * `gpt2` vocabularies spell bytes as printable characters; `llama` vocabularies spell spaces as U+2581 and single bytes as
 * `<0xNN>`.
 */
export function tokenBytesTable(data: TokenizerData): (token: number) => Uint8Array {
  const encoder = new TextEncoder();
  const known = new Array<Uint8Array | undefined>(data.tokens.length);
  const spell = data.model === 'gpt2' ? byteLevelSpelling() : sentencePieceSpelling(encoder);
  return (token) => (known[token] ??= bytesOf(token));

  function bytesOf(token: number): Uint8Array {
    const text = data.tokens[token];
    const type = data.tokenTypes[token];
    if (text === undefined || type === tokenType.control || type === tokenType.unknown) return nothing;
    return type === tokenType.userDefined ? encoder.encode(text) : spell(text, type);
  }
}

function byteLevelSpelling(): (text: string) => Uint8Array {
  const bytes = new Map(byteSpelling.map((character, byte) => [character, byte]));
  return (text) => Uint8Array.from(text, (character) => bytes.get(character) ?? 0x3f);
}

function sentencePieceSpelling(encoder: {
  encode(text: string): Uint8Array;
}): (text: string, type: number | undefined) => Uint8Array {
  return (text, type) => {
    const byte = type === tokenType.byte ? /^<0x([0-9A-F]{2})>$/i.exec(text)?.[1] : undefined;
    return byte === undefined ? encoder.encode(text.replaceAll('\u2581', ' ')) : Uint8Array.of(parseInt(byte, 16));
  };
}
