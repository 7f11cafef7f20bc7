import { readFileSync } from 'node:fs';
import { embeddedId } from './names.mjs';
import { toReport } from './to-report.mjs';

/**
 * One report out of those of several parts (`--only …`, `--models …`, `--frontier`), each a file whose last line `--json`
 * printed, or one of `results/`. Of a figure that several have, the last one counts; all commits are named.
 *
 * @param {string[]} paths
 * @throws Error when none has figures, or when they are from processors of different classes
 */
export function joinReports(paths) {
  const reports = paths.map((path) => parse(readFileSync(path, 'utf8')));
  const measured = reports.filter(({ results }) => results);
  if (measured.length === 0) throw new Error('None of the files has figures.');
  const classes = new Set(measured.map(({ machine }) => machine.class));
  if (classes.size > 1)
    throw new Error(`The files are from processors of different classes: ${[...classes].join(', ')}.`);
  const commits = new Set(measured.flatMap(({ machine }) => machine.commit.split(', ')));
  const keyOf = ({ model, id }) => `${model} ${id}`;
  const results = new Map(measured.flatMap((report) => report.results.map((result) => [keyOf(result), result])));
  const machines = measured.map(({ machine }) => machine);
  return {
    ...toReport({
      kind: 'full',
      machine: {
        ...machines.at(-1),
        commit: [...commits].join(', '),
        llamaCpp: machines.findLast(({ llamaCpp }) => llamaCpp)?.llamaCpp,
      },
      results: [...results.values()],
      series: reports.findLast(({ series }) => series)?.series,
      embedded: embeddedId,
    }),
    forms: reports.findLast(({ forms }) => forms)?.forms,
  };
}

/** A file that is one object, or whose last line is one. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.trim().split('\n').at(-1));
  }
}
