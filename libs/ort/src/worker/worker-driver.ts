import type { BindingDriver, ResolvedSessionOptions, RuntimeDriver, SessionDriver } from '../driver.js';
import { hasGlibc, libraryPath, unsupportedPlatform } from '../native/library-path.js';
import { OrtError } from '../ort-error.js';
import type { OperatorRun, ValueInfo } from '../runtime.js';
import { WorkerBinding } from './worker-binding.js';
import { WorkerConnection } from './worker-connection.js';

/**
 * Runs models through the binding of `onnxruntime-node` in a worker thread, where its blocking runs block nobody. Memory is shared with
 * the worker, and copied there.
 *
 * @throws OrtError `library_missing` or `unsupported_platform`
 */
export async function createWorkerDriver(): Promise<RuntimeDriver> {
  // A worker gets a copy of the environment that native code does not see, so the variable is set here.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  libraryPath();
  const connection = new WorkerConnection();
  try {
    return new WorkerDriver(connection, await connection.ask('version', {}, 'library_missing'));
  } catch (cause) {
    await connection.end();
    if (process.platform === 'linux' && !hasGlibc()) throw unsupportedPlatform(cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OrtError('library_missing', `The binding of onnxruntime-node does not load: ${reason}`, { cause });
  }
}

class WorkerDriver implements RuntimeDriver {
  readonly kind = 'worker';
  readonly capabilities = { terminate: false, zeroCopy: false };
  readonly version: string;
  readonly #connection: WorkerConnection;
  #sessions = 0;

  constructor(connection: WorkerConnection, version: string) {
    this.#connection = connection;
    this.version = version;
  }

  allocate(byteLength: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(byteLength));
  }

  async createSession(model: string | Uint8Array, options: ResolvedSessionOptions): Promise<SessionDriver> {
    const session = this.#sessions;
    this.#sessions += 1;
    const values = await this.#connection.ask('load', { session, model, options }, 'invalid_model');
    return new WorkerSession(this.#connection, session, values.inputs, values.outputs);
  }

  /** The binding of `onnxruntime-node` can't. */
  shareWeights(): undefined {
    return undefined;
  }

  release(): Promise<void> {
    return this.#connection.end();
  }
}

let bindings = 0;

class WorkerSession implements SessionDriver {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #connection: WorkerConnection;
  readonly #session: number;

  constructor(
    connection: WorkerConnection,
    session: number,
    inputs: readonly ValueInfo[],
    outputs: readonly ValueInfo[],
  ) {
    this.#connection = connection;
    this.#session = session;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  createBinding(): BindingDriver {
    bindings += 1;
    return new WorkerBinding(this.#connection, this.#session, bindings);
  }

  /** The binding of `onnxruntime-node` doesn't say when it began to measure. */
  async endProfile(): Promise<readonly OperatorRun[]> {
    return [];
  }

  async release(): Promise<void> {
    await this.#connection.ask('close', { session: this.#session }, 'run_failed').catch(ignoreEnded);
  }
}

// A worker that is gone holds nothing any more.
const ignoreEnded = (): undefined => undefined;
