import type { BindingDriver, Direction, SessionDriver } from './driver.js';
import { OrtError } from './ort-error.js';
import type { Binding, ValueInfo } from './runtime.js';
import { tensorFault } from './tensor.js';
import type { Tensor } from './tensor.js';

/** A binding's lifecycle and checks, whatever its kind. */
export class ManagedBinding implements Binding {
  readonly #session: SessionDriver;
  readonly #driver: BindingDriver;
  readonly #forget: () => void;
  readonly #unbound: Set<string>;
  readonly #boundOutputs = new Set<string>();
  #running = false;
  #disposed = false;

  constructor(session: SessionDriver, forget: () => void) {
    this.#session = session;
    this.#driver = session.createBinding();
    this.#forget = forget;
    this.#unbound = new Set(session.inputs.map((input) => input.name));
  }

  belongsTo(session: SessionDriver): boolean {
    return session === this.#session;
  }

  bindInput(name: string, tensor: Tensor): void {
    this.#bind('input', this.#session.inputs, name, tensor);
    this.#unbound.delete(name);
  }

  bindOutput(name: string, tensor: Tensor): void {
    this.#bind('output', this.#session.outputs, name, tensor);
    this.#boundOutputs.add(name);
  }

  #bind(direction: Direction, values: readonly ValueInfo[], name: string, tensor: Tensor): void {
    this.#assertFree();
    const info = values.find((value) => value.name === name);
    if (!info) throw new OrtError('invalid_argument', `The model has no ${direction} "${name}".`);
    const fault = tensorFault(tensor) ?? mismatch(info, tensor);
    if (fault) throw new OrtError('invalid_argument', `The tensor for ${direction} "${name}" ${fault}.`);
    this.#driver.bind(direction, name, tensor);
  }

  /** Settles when the memory is free again, aborted or not. */
  async run(signal: AbortSignal | undefined): Promise<void> {
    this.#assertFree();
    const [missing] = this.#unbound;
    if (missing !== undefined) throw new OrtError('invalid_argument', `The input "${missing}" is not bound.`);
    if (this.#boundOutputs.size === 0) throw new OrtError('invalid_argument', 'No output is bound.');
    this.#running = true;
    try {
      await this.#driver.run(signal);
    } finally {
      this.#running = false;
      if (this.#disposed) this.#release();
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#running) this.#release();
  }

  #release(): void {
    this.#driver.release();
    this.#forget();
  }

  #assertFree(): void {
    if (this.#disposed) throw new OrtError('disposed', 'The binding was disposed.');
    if (this.#running) throw new OrtError('busy', 'The binding is used by a run that has not ended.');
  }
}

function mismatch(info: ValueInfo, tensor: Tensor): string | undefined {
  const fits =
    info.type === tensor.type &&
    info.dims.length === tensor.dims.length &&
    info.dims.every((size, i) => typeof size === 'string' || size < 0 || size === tensor.dims[i]);
  return fits ? undefined : `must be ${shape(info)}, got ${shape(tensor)}`;
}

const shape = ({ type, dims }: Pick<ValueInfo, 'type' | 'dims'>): string => `${type} [${dims.join(', ')}]`;
