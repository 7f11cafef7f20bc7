/**
 * How byte-level vocabularies spell each byte: printable ones as themselves, the others as the characters from U+0100 on
 * (the table of OpenAI's GPT-2 `bytes_to_unicode`).
 */
export const byteSpelling: readonly string[] = spellBytes();

function spellBytes(): string[] {
  let stranger = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : stranger++);
  });
}
