/** Told of a piece: `text` from `from` to before `to`, in UTF-16 units. */
export type Visit = (text: string, from: number, to: number) => void;

/**
 * Makes a function that cuts a text into pieces and visits one after another.
 *
 * @param patterns sources of patterns, each of which cuts the pieces that the one before made, into its matches and what
 * lies between them; none matches nothing
 */
export function createCutter(patterns: readonly string[]): (text: string, visit: Visit) => void {
  const cutters = patterns.map((pattern) => new RegExp(pattern, 'gu'));
  const cut = (text: string, level: number, visit: Visit): void => {
    const pattern = cutters[level] as RegExp;
    const take: Visit =
      level === cutters.length - 1 ? visit : (whole, from, to) => cut(whole.slice(from, to), level + 1, visit);
    for (let from = 0; from < text.length;) {
      pattern.lastIndex = from;
      const match = pattern.exec(text);
      const start = match?.index ?? text.length;
      if (start > from) take(text, from, start);
      from = start + (match?.[0].length ?? 0);
      if (from > start) take(text, start, from);
    }
  };
  return (text, visit) => cut(text, 0, visit);
}
