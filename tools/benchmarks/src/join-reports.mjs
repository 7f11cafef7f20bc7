import { readFileSync } from 'node:fs';

/**
 * One report out of those of several parts (`--only …`, `--frontier`), each a file whose last line `--json` printed. Of a figure that
 * several have, the last one counts; all commits are named.
 *
 * @param {string[]} paths
 */
export function joinReports(paths) {
  const reports = paths.map((path) => JSON.parse(readFileSync(path, 'utf8').trim().split('\n').at(-1)));
  const measured = reports.filter(({ results }) => results);
  if (measured.length === 0) throw new Error('None of the files has figures.');
  const commits = [...new Set(measured.map(({ machine }) => machine.commit))];
  const results = new Map(measured.flatMap((report) => report.results.map((result) => [result.id, result])));
  return {
    kind: 'full',
    ratios: Object.assign({}, ...measured.map(({ ratios }) => ratios)),
    machine: { ...measured[0].machine, commit: commits.join(', ') },
    results: [...results.values()],
    series: reports.map(({ series }) => series).findLast(Boolean),
    forms: reports.map(({ forms }) => forms).findLast(Boolean),
  };
}
