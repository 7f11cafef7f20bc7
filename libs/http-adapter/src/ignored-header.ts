const MAX_LENGTH = 1024;

/** The names of fields without effect as a header's value, cut where it would grow too long. */
export function ignoredHeader(names: readonly string[]): string {
  let header = '';
  for (const name of names) {
    const next = header === '' ? name : `${header}, ${name}`;
    if (next.length > MAX_LENGTH) break;
    header = next;
  }
  return header;
}
