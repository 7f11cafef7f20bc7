import { setTimeout as sleep } from 'node:timers/promises';
import type { InferenceBackend, ModelCard } from './contract.js';
import type { EngineStats } from './engine/engine.js';
import { InferenceError } from './errors.js';
import { Deferred } from './process/deferred.js';
import { EngineProcess, type ProcessExit, StartError } from './process/engine-process.js';
import { StartClock } from './process/start-clock.js';

export interface ProcessBackendOptions {
  /** The child's program: JavaScript that calls `serveBackendProcess`. A file URL or a path. */
  readonly module: URL | string;
  /** Handed to the function that makes the backend. Structured-cloneable. @default undefined */
  readonly arguments?: unknown;
  /** Laid over this process's own environment; `undefined` takes a variable away. @default nothing */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Flags for the child's Node. This process's own are not passed on: an inspector's port or a test runner's
   * loader would be in its way. @default none
   */
  readonly execArgv?: readonly string[] | undefined;
  /** Called for what an operator may want to know. Must not throw. @default nobody is told */
  readonly onEvent?: ((event: ProcessBackendEvent) => void) | undefined;
  /** Time before the first restart; doubled for each further one in a row. Milliseconds. @default 250 */
  readonly restartDelayMs?: number | undefined;
  /** Longest time before a restart. Milliseconds. @default 10000 */
  readonly maxRestartDelayMs?: number | undefined;
  /** A process that was ready for this long is healthy: the next delay is the shortest. @default 60000 */
  readonly healthyAfterMs?: number | undefined;
  /** How often the first start is tried when the process dies without a word. @default 3 */
  readonly startAttempts?: number | undefined;
  /**
   * Time that the child has to free everything on `close`, counted from the last generation's end; or, while it starts, to
   * undo what it began. Milliseconds. @default 10000
   */
  readonly closeGraceMs?: number | undefined;
  /** What the last load took: `loadMs` of an earlier `ready` event, kept by the caller. Milliseconds. @default unknown */
  readonly lastLoadMs?: number | undefined;
  /**
   * Tells from a value that the child passed to `hooks.progress` whether it is at work that later starts don't repeat, such as
   * building a model, and how long that still takes, in milliseconds, where that is known. Must not throw.
   *
   * @default there is no such work
   */
  readonly preparationOf?: ((progress: unknown) => { readonly leftMs: number | undefined } | undefined) | undefined;
}

export type ProcessBackendEvent =
  | { readonly type: 'starting'; readonly pid: number | undefined }
  /** What the child passed to `hooks.progress`. */
  | { readonly type: 'progress'; readonly value: unknown }
  /** What the child passed to `hooks.report`. */
  | { readonly type: 'report'; readonly value: unknown }
  /** What the child passed to `hooks.warn`: at each of its starts anew. */
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'ready';
      readonly pid: number | undefined;
      /** From the process's start. */
      readonly durationMs: number;
      /** The same without work that later starts don't repeat (`preparationOf`). */
      readonly loadMs: number;
    }
  /** The child said why it can't start. Only the first start is given up for it. */
  | { readonly type: 'start-failed'; readonly error: unknown }
  /** It ended by itself. `restartInMs` is `undefined` when it isn't started again. */
  | ({
      readonly type: 'exited';
      readonly pid: number | undefined;
      readonly restartInMs: number | undefined;
    } & ProcessExit);

export type ProcessBackendStatus = 'loading' | 'ready' | 'restarting' | 'failed' | 'closed';

/** A backend in a process of its own. */
export interface ProcessBackend extends InferenceBackend {
  /**
   * The models as last known, also while it restarts; their `status` is that of the process.
   * @throws InferenceError `loading` · `engine_failed` · `closed` while none were ever known
   */
  models(): Promise<readonly ModelCard[]>;
  /**
   * Waits for the first start. Rejects with the child's own error (name, message, `code` and `details` kept) when it
   * said why it can't start, and with `engine_failed` when it died without a word.
   */
  ready(): Promise<void>;
  status(): ProcessBackendStatus;
  /** Of the child, while there is one. */
  readonly pid: number | undefined;
  /** Why the last process ended or didn't start. */
  readonly lastError: unknown;
  /** The child backend's, when it has a `stats` method and is running. */
  stats(): Promise<EngineStats | undefined>;
}

/**
 * Runs a backend in a child process: a native crash, a leak or a long computation stays there.
 *
 * When the child dies, its generations fail with `engine_failed` at once, and it is started again, after a time that
 * doubles while it keeps dying. Requests meanwhile get `loading` with `details.retryAfter`: what the last load took less
 * what has passed, 10 s where nothing is known. When this process dies, the child does too. Signals from the terminal or a service manager are the parent's to handle: the child
 * ignores SIGINT, SIGTERM and SIGHUP.
 */
export function createProcessBackend(options: ProcessBackendOptions): ProcessBackend {
  return new SupervisedProcess(options);
}

class SupervisedProcess implements ProcessBackend {
  readonly #options: ProcessBackendOptions;
  readonly #ready = new Deferred<void>();
  readonly #closing = new AbortController();
  readonly #clock: StartClock;
  readonly #supervision: Promise<void>;
  #status: ProcessBackendStatus = 'loading';
  #engine: EngineProcess | undefined;
  #cards: readonly ModelCard[] | undefined;
  #lastError: unknown;
  #closed: Promise<void> | undefined;

  constructor(options: ProcessBackendOptions) {
    this.#options = options;
    this.#clock = new StartClock(options.lastLoadMs);
    this.#supervision = this.#supervise();
  }

  get pid(): number | undefined {
    return this.#engine?.isAlive ? this.#engine.pid : undefined;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  status(): ProcessBackendStatus {
    return this.#status;
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  async models(): Promise<readonly ModelCard[]> {
    if (this.#cards) return this.#cards.map((card) => ({ ...card, status: this.#cardStatus(card) }));
    throw this.#toRefusal();
  }

  async *generate(request: Parameters<InferenceBackend['generate']>[0]): ReturnType<EngineProcess['generate']> {
    request.signal?.throwIfAborted();
    if (this.#status !== 'ready' || !this.#engine?.isAlive) throw this.#toRefusal();
    yield* this.#engine.generate(request);
  }

  #cardStatus({ status = 'ready' }: ModelCard): NonNullable<ModelCard['status']> {
    if (this.#status === 'ready' && this.#engine?.isAlive) return status;
    return this.#status === 'restarting' && this.#engine?.isAlive ? 'loading' : 'degraded';
  }

  async stats(): Promise<EngineStats | undefined> {
    return this.#status === 'ready' ? this.#engine?.stats() : undefined;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#status = 'closed';
    this.#ready.reject(this.#toRefusal());
    this.#closing.abort();
    if (this.#engine?.isAlive) await this.#engine.close(this.#options.closeGraceMs ?? 10_000);
    await this.#supervision;
  }

  /** Starts processes one after the other, until the first start is given up or the backend is closed. */
  async #supervise(): Promise<void> {
    const { restartDelayMs = 250, maxRestartDelayMs = 10_000 } = this.#options;
    const { healthyAfterMs = 60_000, startAttempts = 3 } = this.#options;
    let deaths = 0;
    for (;;) {
      const life = await this.#live();
      if (this.#closing.signal.aborted) return;

      deaths = life.readyMs >= healthyAfterMs ? 1 : deaths + 1;
      this.#lastError = life.error;
      const isGivenUp = !this.#cards && (life.saidWhy || deaths >= startAttempts);
      const restartInMs = isGivenUp ? undefined : Math.min(restartDelayMs * 2 ** (deaths - 1), maxRestartDelayMs);
      this.#clock.start(performance.now() + (restartInMs ?? 0));
      if (isGivenUp) this.#status = 'failed';
      else if (this.#cards) this.#status = 'restarting';
      this.#tell({ type: 'exited', pid: life.pid, restartInMs, ...life.exit });
      if (isGivenUp) {
        this.#ready.reject(life.error);
        return;
      }
      await sleep(restartInMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
    }
  }

  /** One process, from its start to its end. */
  async #live(): Promise<Life> {
    const startedAt = performance.now();
    this.#clock.start(startedAt);
    const engine = this.#start();
    const { pid } = engine;
    this.#tell({ type: 'starting', pid });
    let readyAt: number | undefined;
    let startError: Error | undefined;
    try {
      const cards = await engine.started;
      readyAt = performance.now();
      if (!this.#closing.signal.aborted) {
        this.#cards = cards;
        this.#status = 'ready';
        const loadMs = this.#clock.ready(readyAt);
        this.#ready.resolve();
        this.#tell({ type: 'ready', pid, durationMs: readyAt - startedAt, loadMs });
      }
    } catch (error) {
      startError = error as Error;
      engine.kill();
    }
    const saidWhy = startError instanceof StartError;
    if (saidWhy && !this.#closing.signal.aborted) this.#tell({ type: 'start-failed', error: startError?.cause });
    const exit = await engine.exited;
    const readyMs = readyAt === undefined ? 0 : performance.now() - readyAt;
    const error = saidWhy ? startError?.cause : (startError ?? toDeath(exit));
    return { pid, exit, error, saidWhy, readyMs };
  }

  #start(): EngineProcess {
    const { module, env, execArgv = [] } = this.#options;
    this.#engine = new EngineProcess({
      module,
      arguments: this.#options.arguments,
      env: toChildEnvironment({ ...process.env, ...env }),
      execArgv,
      onProgress: (value) => {
        const preparation = this.#options.preparationOf?.(value);
        if (preparation) this.#clock.prepare(performance.now(), preparation.leftMs);
        this.#tell({ type: 'progress', value });
      },
      onReport: (value) => this.#tell({ type: 'report', value }),
      onWarning: (message) => this.#tell({ type: 'warning', message }),
    });
    return this.#engine;
  }

  /** Why a request can't be taken now. */
  #toRefusal(): InferenceError {
    if (this.#status === 'closed') return new InferenceError('closed', 'The backend was closed.');
    if (this.#status === 'failed')
      return new InferenceError('engine_failed', 'The engine could not be started.', { cause: this.#lastError });
    return new InferenceError('loading', 'The model is being loaded. Try again in a moment.', {
      details: { retryAfter: this.#clock.secondsLeft(performance.now()) },
    });
  }

  #tell(event: ProcessBackendEvent): void {
    this.#options.onEvent?.(event);
  }
}

interface Life {
  readonly pid: number | undefined;
  readonly exit: ProcessExit;
  readonly error: unknown;
  /** Whether the child itself said why it can't start. */
  readonly saidWhy: boolean;
  /** How long it was ready. */
  readonly readyMs: number;
}

function toDeath({ code, signal }: ProcessExit): InferenceError {
  const how = signal ? `signal ${signal}` : `exit code ${code}`;
  return new InferenceError('engine_failed', `The engine's process ended (${how}).`);
}

/** Without what was meant for the parent alone: its debugger and its test runner. */
function toChildEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, ...rest } = env;
  const kept = NODE_OPTIONS?.split(/\s+/).filter(
    (flag) => flag !== '' && !/^--(inspect|debug|experimental-vm-modules)/.test(flag),
  );
  return kept && kept.length > 0 ? { ...rest, NODE_OPTIONS: kept.join(' ') } : rest;
}
