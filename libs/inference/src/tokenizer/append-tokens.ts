/**
 * Appends the tokens of a text to `tokens`.
 *
 * @param most after so many tokens, the work may end
 * @throws TooManyTokens
 */
export type AppendTokens = (text: string, tokens: number[], most: number) => void;
