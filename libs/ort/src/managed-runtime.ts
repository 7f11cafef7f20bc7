import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { RuntimeDriver } from './driver.js';
import { ManagedSession } from './managed-session.js';
import { OrtError } from './ort-error.js';
import type { Runtime, RuntimeCapabilities, Session, SessionOptions, SharedWeights, WeightPlace } from './runtime.js';
import { resolveSessionOptions } from './session-options.js';
import { bytesPerElement, elementCount, isTensorType, tensorOver } from './tensor.js';
import type { Tensor, TensorType } from './tensor.js';

/** A runtime's lifecycle and checks, whatever its kind. */
export class ManagedRuntime implements Runtime {
  readonly kind: Runtime['kind'];
  readonly version: string;
  readonly capabilities: RuntimeCapabilities;
  readonly #driver: RuntimeDriver;
  readonly #sessions = new Set<ManagedSession>();
  readonly #loading = new Set<Promise<unknown>>();
  #disposal: Promise<void> | undefined;

  constructor(driver: RuntimeDriver) {
    this.kind = driver.kind;
    this.version = driver.version;
    this.capabilities = driver.capabilities;
    this.#driver = driver;
  }

  allocate<T extends TensorType>(type: T, dims: readonly number[]): Tensor<T> {
    this.#assertOpen();
    if (!isTensorType(type)) throw new OrtError('invalid_argument', `There is no tensor type ${String(type)}.`);
    const byteLength = elementCount(dims) * bytesPerElement(type);
    let memory: Uint8Array;
    try {
      memory = this.#driver.allocate(byteLength);
    } catch (cause) {
      throw new OrtError('invalid_argument', `There is no memory for ${byteLength} bytes ([${dims.join(', ')}]).`, {
        cause,
      });
    }
    return tensorOver(type, dims, memory.buffer, memory.byteOffset);
  }

  createSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const loading = this.#load(model, options);
    this.#loading.add(loading);
    const settled = (): boolean => this.#loading.delete(loading);
    loading.then(settled, settled);
    return loading;
  }

  async #load(model: string | Uint8Array, options: SessionOptions): Promise<Session> {
    this.#assertOpen();
    const resolved = resolveSessionOptions(options);
    if (typeof model === 'string') await assertFile(model);
    const driver = await this.#driver.createSession(model, resolved);
    const session = new ManagedSession(driver, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  shareWeights(path: string, weights: readonly WeightPlace[]): SharedWeights | undefined {
    this.#assertOpen();
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) throw new OrtError('model_not_found', `There is no file of weights at ${path}.`);
    for (const { name, type, dims, offset } of weights) {
      const end = offset + elementCount(dims) * bytesPerElement(type);
      if (!(Number.isSafeInteger(offset) && offset >= 0 && end <= size))
        throw new OrtError(
          'invalid_argument',
          `${name} lies outside of the file: bytes ${offset} to ${end} of ${size}.`,
        );
    }
    return this.#driver.shareWeights(path, weights);
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#loading);
    await Promise.all([...this.#sessions].map((session) => session.dispose()));
    await this.#driver.release();
  }

  #assertOpen(): void {
    if (this.#disposal) throw new OrtError('disposed', 'The runtime was disposed.');
  }
}

async function assertFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new OrtError('model_not_found', `There is no model file at ${path}.`);
}
