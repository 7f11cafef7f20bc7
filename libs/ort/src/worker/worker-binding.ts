import type { BindingDriver, Direction } from '../driver.js';
import { tensorOver } from '../tensor.js';
import type { Tensor } from '../tensor.js';
import type { WorkerMethods } from './protocol.js';
import type { WorkerConnection } from './worker-connection.js';

interface Place {
  readonly memory: string;
  /** What the worker works on: the tensor itself, or a stand-in where its memory cannot be shared. */
  readonly shared: Uint8Array;
  /** The tensor's memory if it has a stand-in. */
  readonly own?: Uint8Array;
}

export class WorkerBinding implements BindingDriver {
  readonly #connection: WorkerConnection;
  readonly #session: number;
  readonly #binding: number;
  /** What was told to the worker without waiting; a failure is the next run's. */
  #told: Promise<unknown> = Promise.resolve();
  readonly #places = { input: new Map<string, Place>(), output: new Map<string, Place>() };

  constructor(connection: WorkerConnection, session: number, binding: number) {
    this.#connection = connection;
    this.#session = session;
    this.#binding = binding;
  }

  bind(direction: Direction, name: string, tensor: Tensor): void {
    const places = this.#places[direction];
    places.delete(name);
    const place = this.#place(tensor);
    places.set(name, place);
    const { memory, shared } = place;
    const sharedTensor = tensorOver(tensor.type, tensor.dims, shared.buffer, shared.byteOffset);
    this.#tell('bind', { binding: this.#binding, direction, name, memory, tensor: sharedTensor });
  }

  #place({ data: { buffer, byteOffset, byteLength } }: Tensor): Place {
    const memory = `${numberOf(buffer)}:${byteOffset}:${byteLength}`;
    const same = [...this.#places.input.values(), ...this.#places.output.values()].find(
      (place) => place.memory === memory,
    );
    if (same) return same;
    const own = new Uint8Array(buffer, byteOffset, byteLength);
    if (buffer instanceof SharedArrayBuffer) return { memory, shared: own };
    return { memory, shared: new Uint8Array(new SharedArrayBuffer(byteLength)), own };
  }

  run(signal: AbortSignal | undefined): Promise<void> {
    return this.#connection.inTurn(async () => {
      await this.#told;
      if (signal?.aborted) return;
      for (const { own, shared } of this.#places.input.values()) if (own) shared.set(own);
      await this.#connection.ask('run', { session: this.#session, binding: this.#binding }, 'run_failed');
      for (const { own, shared } of this.#places.output.values()) own?.set(shared);
    });
  }

  release(): void {
    this.#tell('unbind', { binding: this.#binding });
    this.#places.input.clear();
    this.#places.output.clear();
  }

  #tell<Method extends 'bind' | 'unbind'>(method: Method, parameters: WorkerMethods[Method][0]): void {
    this.#told = Promise.all([this.#told, this.#connection.ask(method, parameters, 'run_failed')]);
    this.#told.catch(() => undefined);
  }
}

const numbers = new WeakMap<ArrayBufferLike, number>();
let buffers = 0;

function numberOf(buffer: ArrayBufferLike): number {
  const number = numbers.get(buffer) ?? (buffers += 1);
  numbers.set(buffer, number);
  return number;
}
