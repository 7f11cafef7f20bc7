/**
 * Of the lines that the library logged before it gave up, the one that says why, without the name of the function that
 * wrote it.
 *
 * @param problems errors and warnings, oldest first
 */
export function reasonOf(problems: readonly string[]): string {
  const telling = problems.find((line) => line.includes('error loading model: ')) ?? problems.at(-1);
  if (telling === undefined) return 'llama.cpp gave no reason';
  return telling.replace(/^.*error loading model: /, '').replace(/^[\w:~]+: /, '');
}
