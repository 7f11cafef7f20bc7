import type { BindingDriver, Direction } from '../driver.js';
import type { Tensor } from '../tensor.js';
import { elementTypes } from './api-table.js';
import type { NativeApi } from './native-api.js';

/** ONNX Runtime refuses null even where there is nothing to read. */
const nothing = new Uint8Array(64);

export class NativeBinding implements BindingDriver {
  readonly #api: NativeApi;
  readonly #session: bigint;
  readonly #handle: bigint;
  /** Keeps the memory alive that the handle points at. */
  readonly #bound = { input: new Map<string, Tensor>(), output: new Map<string, Tensor>() };

  constructor(api: NativeApi, session: bigint) {
    this.#api = api;
    this.#session = session;
    this.#handle = api.create('run_failed', (out) => api.functions.CreateIoBinding(session, out));
  }

  bind(direction: Direction, name: string, tensor: Tensor): void {
    const { functions } = this.#api;
    const value = this.#createValue(tensor);
    try {
      const bind = direction === 'input' ? functions.BindInput : functions.BindOutput;
      this.#api.check(bind(this.#handle, name, value), 'invalid_argument');
    } finally {
      functions.ReleaseValue(value);
    }
    this.#bound[direction].set(name, tensor);
  }

  #createValue({ type, dims, data }: Tensor): bigint {
    const { functions, memoryInfo } = this.#api;
    const memory = data.byteLength > 0 ? data : nothing;
    const sizes = BigInt64Array.from(dims, BigInt);
    return this.#api.create('invalid_argument', (out) =>
      functions.CreateTensorWithDataAsOrtValue(
        memoryInfo,
        this.#api.addressOf(memory),
        data.byteLength,
        sizes,
        dims.length,
        elementTypes[type],
        out,
      ),
    );
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    const { functions } = this.#api;
    if (!signal) return this.#run(null);
    const options = this.#api.create('run_failed', (out) => functions.CreateRunOptions(out));
    const terminate = (): void => this.#api.check(functions.RunOptionsSetTerminate(options), 'run_failed');
    signal.addEventListener('abort', terminate, { once: true });
    try {
      await this.#run(options);
    } finally {
      signal.removeEventListener('abort', terminate);
      functions.ReleaseRunOptions(options);
    }
  }

  #run(options: bigint | null): Promise<void> {
    const { functions } = this.#api;
    return new Promise((resolve, reject) => {
      functions.RunWithBinding.async(this.#session, options, this.#handle, (error, status) => {
        try {
          if (error) throw error;
          this.#api.check(status, 'run_failed');
          resolve();
        } catch (failure) {
          reject(failure);
        }
      });
    });
  }

  release(): void {
    this.#api.functions.ReleaseIoBinding(this.#handle);
    this.#bound.input.clear();
    this.#bound.output.clear();
  }
}
