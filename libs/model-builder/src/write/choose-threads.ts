import { isRowsWeight, rowsOutputBytes } from './rows-output.js';
import type { WeightPlan } from './weight-job.js';
import { bytesOf, numbersOf } from './weight-job.js';

/** A thread takes about as long to start as to convert so many numbers. */
const startNumbers = 1 << 23;
/** What a thread takes in memory beside its job. */
const threadBytes = 16 * 2 ** 20;
/** What may be taken at any rate. */
const leastBytes = 256 * 2 ** 20;

/**
 * How many threads convert: `wanted`, fewer when what they take together (`conversionBytes`) would exceed three quarters of
 * the finished weights, and fewer for models that are converted before more have started.
 *
 * @param mayBeFewer whether small models get fewer
 */
export function chooseThreads(plans: readonly WeightPlan[], wanted: number, mayBeFewer: boolean): number {
  const jobs = plans.flatMap((plan) => plan.jobs);
  const numbers = jobs.reduce((sum, job) => sum + numbersOf(job), 0);
  const useful = mayBeFewer ? Math.ceil(numbers / startNumbers) : Infinity;
  const budget = Math.max(leastBytes, plans.reduce((sum, { weight }) => sum + weight.values.byteLength, 0) * 0.75);
  let threads = Math.max(1, Math.min(wanted, useful, jobs.length));
  while (threads > 1 && conversionBytes(plans, threads) > budget) threads--;
  return threads;
}

/** Most bytes that so many threads take: each its largest job, and the weights that they collect, of which each works on one. */
export function conversionBytes(plans: readonly WeightPlan[], threads: number): number {
  const job = Math.max(0, ...plans.flatMap(({ jobs }) => jobs.map(bytesOf)));
  const outputs = plans.map(({ weight }) => (isRowsWeight(weight) ? rowsOutputBytes(weight) : 0));
  const largest = outputs.sort((a, b) => b - a).slice(0, threads);
  return threads * (job + threadBytes) + largest.reduce((sum, bytes) => sum + bytes, 0);
}
