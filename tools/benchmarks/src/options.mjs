import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const help = `npm run bench -- [options]

Measures mcli beside llama.cpp (node-llama-cpp) on the embedded model, and prints a table.

  --quick         Three figures in less than a minute: prefill, decode, batch8.
  --micro         The hot functions alone: sampler, text assembler, tokenizer, scheduler step.
  --frontier      The forms of the model that were tried: quality against speed.
  --json          The last line of stdout is one JSON object.
  --join FILE     Writes the page from what --json printed for parts; may repeat.
  --only LIST     Only these groups, separated by commas: prefill, decode, batch8, drafts, first-token,
                  quality, server, memory, start, series.
  --pairs N       Pairs of measurements, ours and llama.cpp's by turns. Default: 9.
  --threads N     Threads of both programs. Default: all cores (${availableParallelism()} here).
  --no-build      Takes the workspace as it is, without installing or building.
  --no-write      Writes neither docs/performance.md nor a file in tools/benchmarks/results.
  --help          This text.
`;

const groups = [
  'prefill',
  'decode',
  'batch8',
  'drafts',
  'first-token',
  'quality',
  'server',
  'memory',
  'start',
  'series',
];

/** A command line that makes no sense. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args) {
  const { values } = parse(args);
  const only = values.only?.split(',').map((name) => name.trim());
  for (const name of only ?? [])
    if (!groups.includes(name)) throw new UsageError(`--only knows ${groups.join(', ')}; it doesn't know '${name}'.`);
  return {
    help: values.help ?? false,
    quick: values.quick ?? false,
    micro: values.micro ?? false,
    frontier: values.frontier ?? false,
    json: values.json ?? false,
    build: !values['no-build'],
    write: !values['no-write'],
    join: values.join,
    only,
    pairs: count('pairs', values.pairs),
    threads: count('threads', values.threads) ?? availableParallelism(),
  };
}

function parse(args) {
  try {
    const flag = { type: 'boolean' };
    const text = { type: 'string' };
    return parseArgs({
      args,
      options: {
        help: { ...flag, short: 'h' },
        quick: flag,
        micro: flag,
        frontier: flag,
        json: flag,
        'no-build': flag,
        'no-write': flag,
        join: { ...text, multiple: true },
        only: text,
        pairs: text,
        threads: text,
      },
    });
  } catch (error) {
    throw new UsageError(error.message.split('. ')[0] + '.');
  }
}

function count(name, value) {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} must be a whole number, at least 1; it is '${value}'.`);
}
