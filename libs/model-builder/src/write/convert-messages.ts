import { parentPort, workerData } from 'node:worker_threads';
import { ModelBuildError } from '../model-build-error.js';
import type { ModelBuildErrorCode } from '../model-build-error.js';
import type { ConversionFiles } from './convert-job.js';
import { JobConverter } from './convert-job.js';
import type { WeightJob } from './weight-job.js';

/** What a worker is asked: one job at a time. */
export interface ConversionRequest {
  readonly job: WeightJob;
  readonly memory?: SharedArrayBuffer | undefined;
}

/** Its answer: nothing went wrong, or what did. */
export interface ConversionReply {
  readonly error?: ConversionFailure | undefined;
}

/** An error as it travels: of the class only the code is left. */
export interface ConversionFailure {
  readonly message: string;
  readonly buildCode?: ModelBuildErrorCode | undefined;
  readonly code?: string | undefined;
  readonly syscall?: string | undefined;
  readonly cause?: ConversionFailure | undefined;
}

if (parentPort) {
  const port = parentPort;
  const converter = new JobConverter(workerData as ConversionFiles);
  port.on('message', ({ job, memory }: ConversionRequest) => {
    let reply: ConversionReply = {};
    try {
      converter.convert(job, memory);
    } catch (error) {
      reply = { error: describe(error) };
    }
    port.postMessage(reply);
  });
}

function describe(error: unknown): ConversionFailure {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, syscall } = error as NodeJS.ErrnoException;
  const cause = error.cause === undefined ? undefined : describe(error.cause);
  if (error instanceof ModelBuildError) return { message: error.message, buildCode: error.code, cause };
  return { message: error.message, code, syscall, cause };
}
