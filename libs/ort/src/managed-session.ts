import type { SessionDriver } from './driver.js';
import { ManagedBinding } from './managed-binding.js';
import { OrtError } from './ort-error.js';
import type { Binding, OperatorRun, RunOptions, Session, ValueInfo } from './runtime.js';

/** A session's lifecycle and checks, whatever its kind. */
export class ManagedSession implements Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #driver: SessionDriver;
  readonly #forget: () => void;
  readonly #bindings = new Set<ManagedBinding>();
  readonly #runs = new Set<Promise<void>>();
  #disposal: Promise<void> | undefined;

  /** @param forget called when the session has been disposed of */
  constructor(driver: SessionDriver, forget: () => void) {
    this.inputs = driver.inputs;
    this.outputs = driver.outputs;
    this.#driver = driver;
    this.#forget = forget;
  }

  createBinding(): Binding {
    this.#assertOpen();
    const binding: ManagedBinding = new ManagedBinding(this.#driver, () => this.#bindings.delete(binding));
    this.#bindings.add(binding);
    return binding;
  }

  async run(binding: Binding, options: RunOptions = {}): Promise<void> {
    this.#assertOpen();
    if (!(binding instanceof ManagedBinding) || !binding.belongsTo(this.#driver)) {
      throw new OrtError('invalid_argument', "The binding is not one of this session's.");
    }
    options.signal?.throwIfAborted();
    const run = binding.run(options.signal);
    this.#runs.add(run);
    try {
      await run;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      this.#runs.delete(run);
    }
    options.signal?.throwIfAborted();
  }

  async endProfile(): Promise<readonly OperatorRun[]> {
    this.#assertOpen();
    await Promise.allSettled(this.#runs);
    this.#assertOpen();
    return this.#driver.endProfile();
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#runs);
    for (const binding of this.#bindings) binding.dispose();
    await this.#driver.release();
    this.#forget();
  }

  #assertOpen(): void {
    if (this.#disposal) throw new OrtError('disposed', 'The session was disposed.');
  }
}
