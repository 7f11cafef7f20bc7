const most = 5;

/** The first few names of a list, and how many more there are, for a message. */
export function nameSome(names: readonly string[]): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` (and ${more} more)` : ''}`;
}
