import type { InferenceBackend } from './contract.js';
import type { EngineStats } from './engine/engine.js';
import { packError } from './process/error-transfer.js';
import type { ToChild, ToParent } from './process/messages.js';
import { Outbox } from './process/outbox.js';

/** What the child can tell its parent beside answers. Values are structured-cloneable. */
export interface ProcessHooks {
  /** How far starting is. Arrives as the parent's `progress` event. */
  progress(value: unknown): void;
  /** Anything else, such as an engine's events. Arrives as the parent's `report` event. */
  report(value: unknown): void;
  /** Something that an operator should know, in one sentence. Arrives as the parent's `warning` event. */
  warn(message: string): void;
  /**
   * Does something that would leave half-made things behind if this process were just killed. When the parent closes
   * or dies while the backend is being made, `signal` aborts, and this process ends when the work has settled.
   */
  finishOrUndo<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/**
 * The child's side of `createProcessBackend`: makes the backend and serves it to the parent until it is closed.
 * To be called once, at the top of the child's module. An error that `create` throws reaches the parent's `ready()`.
 *
 * @throws Error when this process wasn't started by `createProcessBackend`
 */
export function serveBackendProcess<Arguments>(
  create: (args: Arguments, hooks: ProcessHooks) => InferenceBackend | Promise<InferenceBackend>,
): void {
  if (!process.send) throw new Error('This module is started by createProcessBackend, not by itself.');
  // The parent decides when to end: a Ctrl-C reaches the whole group, and it may want to finish first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Both are the parent's stderr; whoever reads that may go away before it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const undoing = new Undoing();
  // The parent is gone. What is half made is undone; nothing else is worth saving, and a running computation wouldn't let
  // a polite exit through.
  process.once('disconnect', () => void undoing.end());

  let server: Promise<BackendServer> | undefined;
  process.on('message', (message: ToChild) => {
    if (message.type === 'start') server = start(create, message.arguments as Arguments, undoing);
    else if (message.type === 'close' && !undoing.isOver) void undoing.end();
    else
      void server?.then(
        (started) => started.receive(message),
        () => undefined,
      );
  });
}

async function start<Arguments>(
  create: (args: Arguments, hooks: ProcessHooks) => InferenceBackend | Promise<InferenceBackend>,
  args: Arguments,
  undoing: Undoing,
): Promise<BackendServer> {
  try {
    const backend = await create(args, {
      progress: (value) => void send({ type: 'progress', value }),
      report: (value) => void send({ type: 'report', value }),
      warn: (message) => void send({ type: 'warning', message }),
      finishOrUndo: (work) => undoing.run(work),
    });
    const models = await backend.models();
    undoing.isOver = true;
    await send({ type: 'started', models });
    return new BackendServer(backend);
  } catch (error) {
    await send({ type: 'not-started', error: packError(error) });
    return process.exit(1);
  }
}

/** Longest time that work may take to undo itself, in milliseconds. */
const undoMs = 10_000;

/** Work that must settle before this process ends. */
class Undoing {
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  /** Whether the backend is made: from then on it is closed, not undone. */
  isOver = false;

  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#ending;
    signal.throwIfAborted();
    const running = work(signal);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Ends this process at once, or as soon as the work is undone. */
  async end(): Promise<void> {
    const kill = (): void => void process.kill(process.pid, 'SIGKILL');
    setTimeout(kill, undoMs);
    this.#ending.abort();
    await Promise.allSettled(this.#running);
    kill();
  }
}

/** Serves one backend over the channel to the parent. */
class BackendServer {
  readonly #backend: InferenceBackend & { stats?(): EngineStats };
  readonly #outbox = new Outbox((deliveries) => send({ type: 'deliver', deliveries }));
  readonly #running = new Map<number, AbortController>();

  constructor(backend: InferenceBackend) {
    this.#backend = backend;
  }

  receive(message: Exclude<ToChild, { type: 'start' }>): void {
    switch (message.type) {
      case 'generate':
        return void this.#generate(message.id, message.request);
      case 'cancel':
        return this.#running.get(message.id)?.abort();
      case 'stats':
        return void send({ type: 'stats', id: message.id, stats: this.#backend.stats?.() });
      case 'close':
        return void this.#close();
      default:
        message satisfies never;
    }
  }

  async #generate(id: number, request: Extract<ToChild, { type: 'generate' }>['request']): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.set(id, controller);
    try {
      for await (const event of this.#backend.generate({ ...request, signal })) this.#outbox.post({ id, event });
      this.#outbox.post({ id, done: true });
    } catch (error) {
      // Who cancelled doesn't listen any more.
      if (!signal.aborted) this.#outbox.post({ id, error: packError(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  async #close(): Promise<void> {
    let code = 0;
    try {
      await this.#backend.close();
    } catch (error) {
      code = 1;
      process.stderr.write(`The backend could not be closed: ${packError(error).message}\n`);
    }
    await this.#outbox.drained();
    process.exit(code);
  }
}

/** Resolves when the message is out, or the channel is closed. */
function send(message: ToParent): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}
