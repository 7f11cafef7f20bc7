import { parseArgs } from 'node:util';
import { billionId, embeddedId, engineNames, modelIds } from './names.mjs';

export const help = `npm run bench -- [options]

Measures both engines of mcli beside llama.cpp itself, and prints a table.

  --quick         Three figures of the embedded model in about a minute: prefill, decode, batch8.
  --micro         The hot functions alone: sampler, text assembler, tokenizer, scheduler step.
  --frontier      The forms of the model that were tried: quality against speed.
  --json          The last line of stdout is one JSON object.
  --join FILE     Writes this class of processor's results, and the page, from what --json printed for parts, or
                  from a file of tools/benchmarks/results; may repeat, later ones count.
  --page          Writes the page again from tools/benchmarks/results.
  --only LIST     Only these groups, separated by commas: prefill, decode, batch8, drafts, first-token,
                  quality, server, http, memory, start, series.
  --models LIST   Only these models: ${embeddedId}, ${billionId}. Default: both, the first
                  alone with --quick.
  --engines LIST  Only these engines of ours beside llama.cpp: onnx, llama.cpp. Default: both.
  --pairs N       Rounds of measurements, ours and llama.cpp's by turns. Default: 9.
  --threads N     Threads of our engines, which choose themselves otherwise; llama.cpp is tried with so many and
                  with one. Default: one for each physical core.
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
  'http',
  'memory',
  'start',
  'series',
];

/** A command line that makes no sense. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args) {
  const { values } = parse(args);
  const only = list('only', values.only, groups);
  const models = list('models', values.models, modelIds);
  return {
    help: values.help ?? false,
    quick: values.quick ?? false,
    micro: values.micro ?? false,
    frontier: values.frontier ?? false,
    json: values.json ?? false,
    build: !values['no-build'],
    write: !values['no-write'],
    join: values.join,
    page: values.page ?? false,
    only,
    models: models ?? (values.quick ? [embeddedId] : modelIds),
    engines: list('engines', values.engines, engineNames) ?? engineNames,
    pairs: count('pairs', values.pairs),
    threads: count('threads', values.threads),
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
        page: flag,
        only: text,
        models: text,
        engines: text,
        pairs: text,
        threads: text,
      },
    });
  } catch (error) {
    throw new UsageError(error.message.split('. ')[0] + '.');
  }
}

function list(name, value, known) {
  const names = value?.split(',').map((part) => part.trim());
  for (const part of names ?? [])
    if (!known.includes(part)) throw new UsageError(`--${name} knows ${known.join(', ')}; it doesn't know '${part}'.`);
  return names;
}

function count(name, value) {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} must be a whole number, at least 1; it is '${value}'.`);
}
