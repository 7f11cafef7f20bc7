import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Weight } from '../passes/weight.js';
import { JobConverter } from './convert-job.js';
import type { ConversionFiles } from './convert-job.js';
import { isRowsWeight, RowsOutput, rowsOutputBytes } from './rows-output.js';
import { chooseThreads } from './choose-threads.js';
import type { WeightJob, WeightPlan } from './weight-job.js';
import { numbersOf, planWeights } from './weight-job.js';
import { WorkerConverter } from './worker-converter.js';

export interface WriteWeightsOptions {
  readonly files: ConversionFiles;
  readonly weights: readonly Weight[];
  /** @default one for each processor, fewer for small models and where memory would exceed `memoryFor` */
  readonly threads?: number | undefined;
  /** Called as weights are written, with the bytes of the data file that are done and those of all weights. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One thread's way of converting. */
interface Converter {
  convert(job: WeightJob, memory: SharedArrayBuffer | undefined): Promise<void>;
  close(): Promise<void>;
}

/**
 * Converts the weights, each to its place in the data file, job by job on several threads. The bytes don't depend on the
 * number of threads. When it ends, however it ends, the threads have ended too.
 */
export async function writeWeights(options: WriteWeightsOptions): Promise<void> {
  const { files, weights, onProgress, signal } = options;
  signal?.throwIfAborted();
  const plans = planWeights(weights);
  const threads = chooseThreads(plans, options.threads ?? availableParallelism(), options.threads === undefined);
  const total = weights.reduce((sum, { values }) => sum + values.byteLength, 0);
  let done = 0;
  const queue = queueJobs(plans);
  const converters = Array.from({ length: threads }, () =>
    threads === 1 ? createInlineConverter(files) : new WorkerConverter(files),
  );
  const work = async (converter: Converter): Promise<void> => {
    for (const { job, memory, finish } of queue) {
      await converter.convert(job, memory);
      signal?.throwIfAborted();
      finish();
      done += numbersOf(job) * (isFloat(job.weight) ? 4 : 1);
      onProgress?.(done, total);
    }
  };
  const [aborted, forget] = rejectionOf(signal);
  onProgress?.(0, total);
  try {
    await Promise.race([Promise.all(converters.map(work)), aborted]);
  } finally {
    forget();
    await Promise.all(converters.map((converter) => converter.close()));
  }
}

interface QueuedJob {
  readonly job: WeightJob;
  /** Of the weight's `RowsOutput`. */
  readonly memory: SharedArrayBuffer | undefined;
  /** Called when the job is done. */
  finish(): void;
}

/** The jobs with their memory, which weights take over from each other. */
function* queueJobs(plans: readonly WeightPlan[]): Generator<QueuedJob> {
  const free: SharedArrayBuffer[] = [];
  for (const { weight, jobs } of plans) {
    let memory: SharedArrayBuffer | undefined;
    if (isRowsWeight(weight)) {
      const bytes = rowsOutputBytes(weight);
      const fitting = free.findIndex(({ byteLength }) => byteLength >= bytes);
      memory = fitting === -1 ? new SharedArrayBuffer(bytes) : free.splice(fitting, 1)[0];
      if (memory) new RowsOutput(weight, memory, jobs.length);
    }
    let left = jobs.length;
    const finish = (): void => {
      left--;
      if (left === 0 && memory) free.push(memory);
    };
    for (const job of jobs) yield { job, memory, finish };
  }
}

function isFloat({ kind }: Weight): boolean {
  return kind === 'float32' || kind === 'rotary';
}

/** Converts in this thread, which looks up between two jobs. */
function createInlineConverter(files: ConversionFiles): Converter {
  const converter = new JobConverter(files);
  return {
    convert: async (job, memory) => {
      await setImmediate();
      converter.convert(job, memory);
    },
    close: async () => undefined,
  };
}

/** A promise that the signal rejects, and what makes it forget the signal. */
function rejectionOf(signal: AbortSignal | undefined): readonly [Promise<never>, () => void] {
  let forget = (): void => undefined;
  const rejection = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    forget = () => signal?.removeEventListener('abort', abort);
  });
  return [rejection, () => forget()];
}
