import { type ChildProcess, fork } from 'node:child_process';
import type { GenerateRequest, GenerationEvent, ModelCard } from '../contract.js';
import type { EngineStats } from '../engine/engine.js';
import { EventQueue } from '../engine/event-queue.js';
import { InferenceError } from '../errors.js';
import { Deferred } from './deferred.js';
import { unpackError } from './error-transfer.js';
import type { Delivery, ToChild, ToParent } from './messages.js';

export interface EngineProcessOptions {
  readonly module: URL | string;
  readonly arguments: unknown;
  readonly env: NodeJS.ProcessEnv;
  readonly execArgv: readonly string[];
  readonly onProgress: (value: unknown) => void;
  readonly onReport: (value: unknown) => void;
  readonly onWarning: (message: string) => void;
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Generations that were running in it. */
  readonly failedGenerations: number;
}

/** The child said itself why it can't start; thrown by `started`. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** One child process, from its start to its end. It is never started again: see `createProcessBackend`. */
export class EngineProcess {
  /** The models that it serves. Rejects with a `StartError` whose cause is the child's, or when it just dies. */
  readonly started: Promise<readonly ModelCard[]>;
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #options: EngineProcessOptions;
  readonly #running = new Map<number, EventQueue<GenerationEvent>>();
  readonly #statsWaiting = new Map<number, (stats: EngineStats | undefined) => void>();
  readonly #started = new Deferred<readonly ModelCard[]>();
  readonly #exited = new Deferred<ProcessExit>();
  #isAlive = true;
  #lastId = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: EngineProcessOptions) {
    const { module, env, execArgv } = options;
    this.#options = options;
    this.started = this.#started.promise;
    this.exited = this.#exited.promise;
    this.#child = fork(module, [], {
      env,
      execArgv: [...execArgv],
      serialization: 'advanced',
      // What it prints goes to our stderr: stdout belongs to the program's own output.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#child.on('message', (message) => this.#receive(message as ToParent));
    this.#child.once('error', (error) => this.#end(null, null, error));
    // Unlike 'exit', 'close' comes after the last message.
    this.#child.once('close', (code, signal) => this.#end(code, signal));
    this.#send({ type: 'start', arguments: options.arguments });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  async *generate({ signal, ...request }: GenerateRequest): AsyncGenerator<GenerationEvent, void, undefined> {
    const id = (this.#lastId += 1);
    const events = new EventQueue<GenerationEvent>();
    const cancel = (): void => {
      events.abort(signal?.reason);
      if (this.#finish(id)) this.#send({ type: 'cancel', id });
    };
    this.#send({ type: 'generate', id, request });
    this.#running.set(id, events);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      yield* events;
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** `undefined` when the backend there has none, or when it ends before it answers. */
  stats(): Promise<EngineStats | undefined> {
    return new Promise((resolve) => {
      if (!this.#isAlive) {
        resolve(undefined);
        return;
      }
      const id = (this.#lastId += 1);
      this.#statsWaiting.set(id, resolve);
      this.#send({ type: 'stats', id });
    });
  }

  /** Lets the running generations end, then the process; kills it `graceMs` after the last generation. */
  async close(graceMs: number): Promise<void> {
    this.#send({ type: 'close' });
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(message: ToChild): void {
    // When the channel is closed, 'close' follows and tells everyone.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(message: ToParent): void {
    switch (message.type) {
      case 'started':
        return this.#started.resolve(message.models);
      case 'not-started':
        return this.#started.reject(
          new StartError('The engine could not start.', { cause: unpackError(message.error) }),
        );
      case 'progress':
        return this.#options.onProgress(message.value);
      case 'report':
        return this.#options.onReport(message.value);
      case 'warning':
        return this.#options.onWarning(message.message);
      case 'deliver':
        return message.deliveries.forEach((delivery) => this.#deliver(delivery));
      case 'stats':
        this.#statsWaiting.get(message.id)?.(message.stats);
        this.#statsWaiting.delete(message.id);
        return;
      default:
        message satisfies never;
    }
  }

  #deliver(delivery: Delivery): void {
    if ('event' in delivery) {
      this.#running.get(delivery.id)?.push(delivery.event);
      return;
    }
    const events = this.#finish(delivery.id);
    if ('error' in delivery) events?.fail(unpackError(delivery.error));
    else events?.end();
  }

  /** Takes a generation off the list. `undefined` when it isn't on it any more. */
  #finish(id: number): EventQueue<GenerationEvent> | undefined {
    const events = this.#running.get(id);
    this.#running.delete(id);
    if (this.#running.size === 0) this.#onIdle?.();
    return events;
  }

  #end(code: number | null, signal: string | null, cause?: unknown): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    const how = signal ? `signal ${signal}` : `exit code ${code ?? 'unknown'}`;
    const toError = (message: string): InferenceError => new InferenceError('engine_failed', message, { cause });
    this.#exited.resolve({ code, signal, failedGenerations: this.#running.size });
    this.#started.reject(toError(`The engine's process ended before it was ready (${how}).`));
    for (const id of [...this.#running.keys()])
      this.#finish(id)?.fail(toError(`The engine's process ended while it wrote this answer (${how}). Try again.`));
    for (const resolve of this.#statsWaiting.values()) resolve(undefined);
    this.#statsWaiting.clear();
  }
}
