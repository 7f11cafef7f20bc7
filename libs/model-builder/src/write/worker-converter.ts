import { Worker } from 'node:worker_threads';
import { ModelBuildError } from '../model-build-error.js';
import type { ConversionFiles } from './convert-job.js';
import type { ConversionFailure, ConversionReply, ConversionRequest } from './convert-messages.js';
import type { WeightJob } from './weight-job.js';

/** A worker thread that converts one job at a time. */
export class WorkerConverter {
  readonly #worker: Worker;
  #waiting: { resolve(): void; reject(error: Error): void } | undefined;
  #end: ModelBuildError | undefined;

  constructor(files: ConversionFiles) {
    this.#worker = new Worker(new URL('./convert-worker.mjs', import.meta.url), { workerData: files });
    this.#worker.on('message', ({ error }: ConversionReply) => this.#settle(error && restore(error)));
    this.#worker.on('error', (error) => this.#fail(files, error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => this.#fail(files, `it exited with code ${code}`));
  }

  /**
   * @throws what the job threw, by code and message; ModelBuildError `thread_ended` when the thread is no more
   */
  convert(job: WeightJob, memory: SharedArrayBuffer | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#end) throw this.#end;
      this.#waiting = { resolve, reject };
      this.#worker.postMessage({ job, memory } satisfies ConversionRequest);
    });
  }

  /** Ends the thread, in the middle of a job too. Afterwards it touches nothing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }

  #fail({ source }: ConversionFiles, reason: string): void {
    const message = `${source.label}: a thread that converts weights ended: ${reason}. Start again; when it happens again, free memory first.`;
    this.#end ??= new ModelBuildError('thread_ended', message);
    this.#settle(this.#end);
  }
}

function restore({ message, buildCode, code, syscall, cause }: ConversionFailure): Error {
  const options = cause ? { cause: restore(cause) } : {};
  if (buildCode !== undefined) return new ModelBuildError(buildCode, message, options);
  return Object.assign(new Error(message, options), { ...(code ? { code } : {}), ...(syscall ? { syscall } : {}) });
}
