/** Lines that only say that something failed, and where. */
const empty = /^failed to load model/;

/**
 * Of the lines that the library logged before it gave up, the one that says why, without the name of the function that
 * wrote it.
 *
 * @param problems errors and warnings, oldest first
 */
export function reasonOf(problems: readonly string[]): string {
  const marker = /^.*error loading model: /;
  const reasons = problems
    .map((line) => ({ isTelling: marker.test(line), text: line.replace(marker, '').replace(/^[\w:~]+: /, '') }))
    .filter(({ text }) => !empty.test(text));
  const telling = reasons.find(({ isTelling }) => isTelling) ?? reasons.at(-1);
  return telling?.text ?? 'llama.cpp gave no reason';
}

/** Whether the library gave up for want of memory. */
export function lacksMemory(problems: readonly string[]): boolean {
  return problems.some((line) => /\b(failed|unable) to (re)?allocate\b|out of memory|bad_alloc/i.test(line));
}
