import stringWidth from 'string-width';

/**
 * Rows as aligned columns for a terminal; the first row is the heading. Columns are as wide as a terminal shows
 * them, and what would steer the terminal or turn a line around is shown as its code.
 */
export function table(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(withCodes));
  const widths: number[] = [];
  for (const row of shown) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, stringWidth(cell))));
  return shown
    .map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : pad(cell, widths[at]))).join('  '))
    .join('\n');
}

function pad(cell: string, width = 0): string {
  return cell + ' '.repeat(Math.max(0, width - stringWidth(cell)));
}

/** The joiner U+200D stays: emoji are put together with it. */
function withCodes(cell: string): string {
  return cell.replace(
    /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
