import type { Tensor, TensorType } from './tensor.js';

/** ONNX Runtime, loaded. All runtimes of one process share one environment of the library. */
export interface Runtime {
  /** `native`: the C API, called through koffi. `worker`: the binding of `onnxruntime-node` in a worker thread. */
  readonly kind: 'native' | 'worker';
  /** Version of ONNX Runtime, such as `1.30.0`. */
  readonly version: string;
  readonly capabilities: RuntimeCapabilities;
  /**
   * Zeroed memory for bindings (aligned to 64 bytes with `kind` `native`). It is garbage-collected like every other object, and stays for as long as a
   * binding uses it. Its buffer must not be transferred to another thread.
   *
   * A tensor made by hand (`{ type, dims, data }`) can be bound too; with `kind` `worker` it costs a copy in and out for each run.
   *
   * @throws OrtError `invalid_argument` for an impossible shape, `disposed`
   */
  allocate<T extends TensorType>(type: T, dims: readonly number[]): Tensor<T>;
  /**
   * Loads a model. The event loop goes on meanwhile.
   *
   * @param model path of an ONNX file, whose external data is looked for beside it; or the file's bytes, which must not change
   * until the promise settles
   * @throws OrtError `model_not_found`, `invalid_model`, `invalid_argument` or `disposed`
   */
  createSession(model: string | Uint8Array, options?: SessionOptions): Promise<Session>;
  /**
   * Weights for several sessions, which ONNX Runtime otherwise packs for the machine once for each of them: the sessions that get them as
   * `SessionOptions.weights` have them in memory once. They live as long as the runtime.
   *
   * Gives `undefined` where it isn't possible: with `kind` `worker`, and on Windows.
   *
   * @param path a file that doesn't change meanwhile, such as the models' external data
   * @throws OrtError `model_not_found`; `invalid_argument` when a weight lies outside of the file; `disposed`
   */
  shareWeights(path: string, weights: readonly WeightPlace[]): SharedWeights | undefined;
  /** Disposes of all sessions, after the runs that have begun. Calling it again does nothing more. */
  dispose(): Promise<void>;
}

/** Where a weight lies in a file. */
export interface WeightPlace {
  /** The initializer's name in the models. All models that have it mean the same numbers. */
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
  /** Where its numbers start, in bytes. */
  readonly offset: number;
}

/** What `Runtime.shareWeights` gave. */
export interface SharedWeights {
  /** Bytes of the weights as they lie in the file. */
  readonly byteLength: number;
}

/** What differs between the two kinds of runtime beyond speed. */
export interface RuntimeCapabilities {
  /** An abort ends a run that is under way. Without it the run is computed to its end, and its result is dropped. */
  readonly terminate: boolean;
  /** Runs read and write the bound memory itself. Without it every bound tensor is copied in each run. */
  readonly zeroCopy: boolean;
}

/** How a session computes. */
export interface SessionOptions {
  /**
   * Threads that compute one operator together, from 1; the thread that calls is one of them.
   *
   * @default `defaultThreads()`: the physical cores that this process may use
   */
  readonly threads?: number | undefined;
  /**
   * Whether idle threads of the session wait busily for about a millisecond: faster steps in a row, for more processor time.
   *
   * @default true
   */
  readonly spinning?: boolean | undefined;
  /**
   * Whether numbers below the smallest normal one count as zero; they are computed many times slower otherwise. With `kind` `native`
   * it holds for the session's own threads, not for the calling thread of Node's pool, which takes its part of the work.
   *
   * @default true
   */
  readonly denormalsAsZero?: boolean | undefined;
  /**
   * Whether freed intermediate memory is kept for the next run: faster, and resident memory stays at its highest.
   *
   * @default true
   */
  readonly memoryArena?: boolean | undefined;
  /** How far the graph is rewritten when it is loaded. @default 'all' */
  readonly optimize?: 'none' | 'basic' | 'extended' | 'all' | undefined;
  /**
   * Weights that are shared with other sessions, by the runtime that creates this one. The model must have them all, unchanged by
   * `optimize`; it must be given as a path.
   *
   * @default none
   */
  readonly weights?: SharedWeights | undefined;
  /**
   * Whether runs are measured operator by operator until `Session.endProfile`. They take up to twice as long then, and some hundred bytes for
   * each operator; ONNX Runtime stops at a million. With `kind` `worker` nothing is measured.
   *
   * @default false
   */
  readonly profile?: boolean | undefined;
  /**
   * Configuration entries by ONNX Runtime's names, such as `session.disable_prepacking`. They win over the options above.
   *
   * @see https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h
   */
  readonly entries?: Readonly<Record<string, string>> | undefined;
}

/** What one operator of a run took. */
export interface OperatorRun {
  /** The operator's type, such as `MatMul`. */
  readonly operator: string;
  /** The node's name in the model. */
  readonly node: string;
  /** When it began, by this process' `performance.now`. Milliseconds, right to about one. */
  readonly atMs: number;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** One input or output of a model. */
export interface ValueInfo {
  readonly name: string;
  /** `unsupported`: something that no `Tensor` can hold, such as strings. */
  readonly type: TensorType | 'unsupported';
  /** A number for a fixed size; for a dynamic one its symbolic name, or -1 if it has none. */
  readonly dims: readonly (number | string)[];
}

/** A loaded model. Runs with different bindings may overlap. */
export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** An empty set of places for inputs and outputs. @throws OrtError `disposed` */
  createBinding(): Binding;
  /**
   * Computes the bound outputs from the bound inputs. Never blocks the event loop. Once the promise has settled, nothing touches the
   * bound memory any more.
   *
   * Aborting `signal` rejects with the signal's reason; the outputs then hold anything. What happens to a run under way, see
   * `RuntimeCapabilities.terminate`.
   *
   * @throws OrtError `invalid_argument` when an input or all outputs are unbound or the binding is another session's; `busy`;
   * `run_failed`; `disposed`
   */
  run(binding: Binding, options?: RunOptions): Promise<void>;
  /**
   * Ends measuring, and gives what was measured since the session was created, in the order of time. Nothing without the option `profile`, and
   * when called again.
   *
   * @throws OrtError `run_failed` when what was measured can't be read; `disposed`
   */
  endProfile(): Promise<readonly OperatorRun[]>;
  /** Frees the model and its bindings, after the runs that have begun. Calling it again does nothing more. */
  dispose(): Promise<void>;
}

/** How one run goes. */
export interface RunOptions {
  /** Ends the run early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Which memory a run reads and writes. Made once and run many times, it saves naming each tensor at each step. The same memory may be
 * bound as an input and as an output, if the operators allow it: `GroupQueryAttention` then appends to its cache in place.
 */
export interface Binding {
  /**
   * Puts a tensor in the place of an input; a second call with this name replaces the first. The tensor is kept referenced until it is
   * replaced or the binding is disposed.
   *
   * @throws OrtError `invalid_argument` for an unknown name, or a type or shape that does not fit; `busy`; `disposed`
   */
  bindInput(name: string, tensor: Tensor): void;
  /** Puts a tensor in the place of an output. Its shape must be the one that the run computes. Otherwise like `bindInput`. */
  bindOutput(name: string, tensor: Tensor): void;
  /** Lets go of the tensors, at once or when the run that uses them has ended. Calling it again does nothing more. */
  dispose(): void;
}
