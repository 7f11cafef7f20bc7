import type { Weight, WeightPart } from '../passes/weight.js';

/** Rows of a weight that one thread converts at once. Plain data. */
export interface WeightJob {
  readonly weight: Weight;
  /** The rows: of a table, or of the tensor in `weight.parts` that `part` counts. */
  readonly first: number;
  readonly count: number;
  readonly part: number;
  /** The weight's row that the first of them is. */
  readonly row: number;
  readonly columns: number;
  /** How many of the rows are in memory at once. */
  readonly atOnce: number;
}

/** What a weight is converted in. */
export interface WeightPlan {
  readonly weight: Weight;
  readonly jobs: readonly WeightJob[];
}

/** Numbers that are in memory at once, unless the rows that belong together are more: so few that caches hold them. */
const chunkNumbers = 1 << 17;
/** Numbers of a job, likewise: so many that handing it over doesn't count. */
const jobNumbers = 1 << 22;

/** Cuts weights into jobs. What takes longest comes first, so that all threads finish at about the same time. */
export function planWeights(weights: readonly Weight[]): readonly WeightPlan[] {
  const longest = ({ jobs }: WeightPlan): number => Math.max(...jobs.map(numbersOf));
  return weights
    .map((weight) => ({ weight, jobs: jobsOf(weight) }))
    .map((plan) => ({ plan, size: longest(plan) }))
    .sort((a, b) => b.size - a.size)
    .map(({ plan }) => plan);
}

export function numbersOf({ count, columns }: WeightJob): number {
  return count * columns;
}

/** Bytes that a thread takes for a job, beside the weight's `RowsOutput`. */
export function bytesOf({ weight, part: index, columns, atOnce }: WeightJob): number {
  const chunk = atOnce * columns * 4;
  if (weight.kind === 'rotary') return chunk;
  const part = weight.parts[index];
  return (part ? atOnce * part.tensor.rowBytes : 0) + (part?.order ? 2 : 1) * chunk;
}

function jobsOf(weight: Weight): readonly WeightJob[] {
  if (weight.kind === 'rotary') {
    const { rows, rotarySize } = weight.table;
    return cut({ weight, part: 0, row: 0, columns: rotarySize / 2 }, rows, 1);
  }
  let row = 0;
  return weight.parts.flatMap((part, index) => {
    const { rows, columns } = part.tensor;
    const jobs = cut({ weight, part: index, row, columns }, rows, groupOf(part));
    row += rows;
    return jobs;
  });
}

/** Rows that can't be told apart: moved among each other, or rotated together. */
function groupOf({ order, turnOutput }: WeightPart): number {
  return (order?.size ?? 1) * (turnOutput ?? 1);
}

function cut(job: Omit<WeightJob, 'first' | 'count' | 'atOnce'>, rows: number, group: number): readonly WeightJob[] {
  const groupsFor = (numbers: number): number => Math.max(1, Math.floor(numbers / job.columns / group)) * group;
  const atOnce = Math.min(rows, groupsFor(chunkNumbers));
  const size = groupsFor(jobNumbers);
  return Array.from({ length: Math.ceil(rows / size) }, (_, index) => {
    const first = index * size;
    return { ...job, row: job.row + first, first, count: Math.min(size, rows - first), atOnce };
  });
}
