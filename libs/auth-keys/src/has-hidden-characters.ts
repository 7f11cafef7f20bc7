/** What joins emoji and letters of some scripts where it stands between them, and what chooses an emoji's look. */
const JOINED =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})|(?<=\p{Emoji})\ufe0f|(?<=\p{Script=Arabic})\u200c(?=\p{Script=Arabic})/gu;

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Whether a text holds what tricks the eye: control characters, marks that turn the direction of writing, characters
 * without a width. Those that emoji and Arabic letters are put together with are fine in their places.
 */
export function hasHiddenCharacters(text: string): boolean {
  return HIDDEN.test(text.replace(JOINED, ''));
}
