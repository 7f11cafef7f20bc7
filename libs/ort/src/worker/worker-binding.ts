import type { BindingDriver, Direction } from '../driver.js';
import { tensorOver } from '../tensor.js';
import type { Tensor } from '../tensor.js';
import type { WorkerMethods } from './protocol.js';
import type { WorkerConnection } from './worker-connection.js';

/** A tensor in memory that the worker cannot see, and its stand-in. */
interface Shadow {
  readonly own: Uint8Array;
  readonly shared: Uint8Array;
}

export class WorkerBinding implements BindingDriver {
  readonly #connection: WorkerConnection;
  readonly #session: number;
  readonly #binding: number;
  /** What was told to the worker without waiting; a failure is the next run's. */
  #told: Promise<unknown> = Promise.resolve();
  readonly #shadows = { input: new Map<string, Shadow>(), output: new Map<string, Shadow>() };

  constructor(connection: WorkerConnection, session: number, binding: number) {
    this.#connection = connection;
    this.#session = session;
    this.#binding = binding;
  }

  bind(direction: Direction, name: string, tensor: Tensor): void {
    const shadows = this.#shadows[direction];
    shadows.delete(name);
    let shared = tensor;
    if (!(tensor.data.buffer instanceof SharedArrayBuffer)) {
      const { buffer, byteOffset, byteLength } = tensor.data;
      const stand = new SharedArrayBuffer(byteLength);
      shadows.set(name, { own: new Uint8Array(buffer, byteOffset, byteLength), shared: new Uint8Array(stand) });
      shared = tensorOver(tensor.type, tensor.dims, stand, 0);
    }
    this.#tell('bind', { binding: this.#binding, direction, name, tensor: shared });
  }

  run(signal: AbortSignal | undefined): Promise<void> {
    return this.#connection.inTurn(async () => {
      await this.#told;
      if (signal?.aborted) return;
      for (const { own, shared } of this.#shadows.input.values()) shared.set(own);
      await this.#connection.ask('run', { session: this.#session, binding: this.#binding }, 'run_failed');
      for (const { own, shared } of this.#shadows.output.values()) own.set(shared);
    });
  }

  release(): void {
    this.#tell('unbind', { binding: this.#binding });
    this.#shadows.input.clear();
    this.#shadows.output.clear();
  }

  #tell<Method extends 'bind' | 'unbind'>(method: Method, parameters: WorkerMethods[Method][0]): void {
    this.#told = Promise.all([this.#told, this.#connection.ask(method, parameters, 'run_failed')]);
    this.#told.catch(() => undefined);
  }
}
