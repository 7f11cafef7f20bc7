import { Worker } from 'node:worker_threads';
import { OrtError } from '../ort-error.js';
import type { OrtErrorCode } from '../ort-error.js';
import type { WorkerMethod, WorkerMethods, WorkerReply, WorkerRequest } from './protocol.js';

interface Waiting {
  readonly code: OrtErrorCode;
  resolve(result: unknown): void;
  reject(error: OrtError): void;
}

/** The worker thread as a set of asynchronous functions. It keeps the process alive only while an answer is awaited. */
export class WorkerConnection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #turn = Promise.resolve();
  #nextId = 0;
  #end: string | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./worker-body.mjs', import.meta.url));
    this.#worker.unref();
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => this.#fail(`The worker thread ended with code ${code}.`));
  }

  /**
   * Asks the worker.
   *
   * @param code of the error when the worker answers with one
   * @throws OrtError `code`, or `run_failed` when the worker has ended.
   */
  ask<Method extends WorkerMethod>(
    method: Method,
    parameters: WorkerMethods[Method][0],
    code: OrtErrorCode,
  ): Promise<WorkerMethods[Method][1]> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#end !== undefined) throw new OrtError('run_failed', this.#end);
      const id = this.#nextId;
      this.#nextId += 1;
      this.#worker.postMessage({ id, method, parameters } as WorkerRequest);
      this.#waiting.set(id, { code, resolve, reject });
      this.#worker.ref();
    }) as Promise<WorkerMethods[Method][1]>;
  }

  /** Waits for the runs before this one: they may share memory with it. */
  inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async end(): Promise<void> {
    this.#end ??= 'The worker thread was ended.';
    await this.#worker.terminate();
  }

  #settle({ id, result, error }: WorkerReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new OrtError(waiting.code, error));
  }

  #fail(reason: string): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new OrtError('run_failed', this.#end));
    this.#waiting.clear();
  }
}
