/**
 * The parts of a list as it may be given: a flag that repeats, commas, or a list in the file. White space around a part goes
 * away; what is no text stays as it is.
 */
export function splitList(value: unknown): unknown[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.flatMap((item) => (typeof item === 'string' ? item.split(',').map((part) => part.trim()) : [item]));
}
