import { LlamaCppError } from './llama-cpp-error.js';
import type { NativeLibrary } from './native/native-library.js';

/** Bytes of `ggml_threadpool_params`: 512 switches for processors, then threads, priority, polling, two switches. */
const paramsBytes = 512 + 4 + 4 + 4 + 2 + 2;
/** Where `poll` stands: how long a thread spins for the next pass before it sleeps. */
const pollOffset = 512 + 4 + 4;

/**
 * Threads that live as long as a context. Without them the library, which is built without OpenMP, would start new ones
 * for every pass, and write tokens at about two thirds of the speed.
 */
export class ThreadPool {
  readonly threads: number;
  readonly handle: bigint;
  readonly #free: () => void;
  #isFreed = false;

  /**
   * @param threads that compute, the calling one included; at least 1
   * @throws LlamaCppError `invalid_argument` · `incompatible_library`
   */
  constructor(library: NativeLibrary, threads: number) {
    if (!Number.isInteger(threads) || threads < 1 || threads > 512)
      throw new LlamaCppError('invalid_argument', `threads must be 1 to 512; it is ${threads}.`);
    const { functions } = library;
    const registry = functions.ggml_backend_reg_by_name('CPU');
    const find = (name: string): bigint => {
      const address = registry === null ? null : functions.ggml_backend_reg_get_proc_address(registry, name);
      if (address !== null) return address;
      throw new LlamaCppError('incompatible_library', `llama.cpp's library for the processor has no ${name}.`);
    };
    const params = new Uint8Array(paramsBytes);
    functions.ggml_threadpool_params_init(params, threads);
    // They sleep between passes: spinning, they would take the processor from JavaScript, which makes the next pass ready.
    new DataView(params.buffer).setUint32(pollOffset, 0, true);
    const handle = library.functionAt(find('ggml_threadpool_new'), 'address', ['pointer'])(params);
    if (handle === null) throw new LlamaCppError('insufficient_memory', 'No threads could be started.');
    const free = library.functionAt(find('ggml_threadpool_free'), 'void', ['pointer']);
    this.threads = threads;
    this.handle = handle;
    this.#free = () => free(handle);
  }

  /** Nothing may compute on it any more. May be called twice. */
  dispose(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#free();
  }
}
