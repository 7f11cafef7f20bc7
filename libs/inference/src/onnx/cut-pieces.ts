/** Told of a piece: `text` from `from` to before `to`, in UTF-16 units. */
export type Visit = (text: string, from: number, to: number) => void;

/**
 * Makes a function that cuts a text into pieces and visits one after another.
 *
 * @param patterns sources of patterns, each of which cuts the pieces that the one before made and leaves no gaps
 */
export function createCutter(patterns: readonly string[]): (text: string, visit: Visit) => void {
  const cutters = patterns.map((pattern) => new RegExp(pattern, 'gu'));
  const cut = (text: string, level: number, visit: Visit): void => {
    const pattern = cutters[level] as RegExp;
    const innermost = level === cutters.length - 1;
    for (let from = 0; from < text.length;) {
      pattern.lastIndex = from;
      const to = pattern.test(text) ? pattern.lastIndex : text.length;
      if (innermost) visit(text, from, to);
      else cut(text.slice(from, to), level + 1, visit);
      from = to;
    }
  };
  return (text, visit) => cut(text, 0, visit);
}
