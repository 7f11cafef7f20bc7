const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/;

/** Letters below which a caller-chosen key can be guessed by whoever reads the store. */
export const STRONG_KEY_LENGTH = 20;

/**
 * Whether a text can be a credential at all: 1 to 200 printable ASCII characters, no space at either end.
 *
 * Everything else is refused before it is hashed or looked up.
 */
export function isCredential(text: string): boolean {
  return PRINTABLE.test(text);
}
