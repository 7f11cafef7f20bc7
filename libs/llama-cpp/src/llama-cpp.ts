import { basename } from 'node:path';
import type { Device } from './device.js';
import { listDevices } from './device.js';
import { expectFile } from './expect-file.js';
import { LlamaCppError } from './llama-cpp-error.js';
import { LlamaModel } from './llama-model.js';
import type { FoundLibraries, UnusedPackage } from './native/find-libraries.js';
import type { LogLine } from './native/native-log.js';
import type { NativeLibrary } from './native/native-library.js';
import { loadModes } from './native/structs.js';
import { lacksMemory, reasonOf } from './reason-of.js';

export interface LoadModelOptions {
  /** How many of the model's layers are computed on GPUs; the rest on the processor. @default 0 */
  readonly gpuLayers?: number | 'all' | undefined;
  /** Only metadata and vocabulary: quick, and nothing can be computed. @default false */
  readonly vocabularyOnly?: boolean | undefined;
}

/** An empty list of devices: nothing is computed on a GPU, not even what would be faster there. */
const noDevices = new BigUint64Array(1);

/** llama.cpp's libraries, loaded. */
export class LlamaCpp {
  /** llama.cpp's release, such as `0.5.0`. */
  readonly version: string;
  /** The package that the libraries are from. */
  readonly package: string;
  /** Installed packages that could not be used instead. */
  readonly unused: readonly UnusedPackage[];
  readonly #library: NativeLibrary;

  /** Made by `loadLlamaCpp`. */
  constructor(library: NativeLibrary, found: FoundLibraries & { readonly unused: readonly UnusedPackage[] }) {
    this.#library = library;
    this.version = library.functions.llama_version() ?? 'unknown';
    this.package = found.package;
    this.unused = found.unused;
  }

  /** What can compute, as of now. */
  devices(): readonly Device[] {
    return listDevices(this.#library).map(({ name, description, kind, memory }) => ({
      name,
      description,
      kind,
      memory,
    }));
  }

  /**
   * The library's log, line by line; it is silent while nobody listens. Returns what ends that; lines that were written
   * before still come.
   *
   * @param listener called on JavaScript's thread, some time after the line was written
   */
  onLog(listener: (line: LogLine) => void): () => void {
    return this.#library.log.listen(listener);
  }

  /**
   * Opens a GGUF file, or the first file of a split set. Its weights are mapped into memory, not read, where the processor
   * can compute on them as they are.
   *
   * @throws LlamaCppError `model_not_found` · `invalid_model` · `insufficient_memory`, with what llama.cpp says ·
   * `invalid_argument`
   */
  async loadModel(path: string, options: LoadModelOptions = {}): Promise<LlamaModel> {
    const { gpuLayers = 0, vocabularyOnly = false } = options;
    const label = basename(path);
    if (gpuLayers !== 'all' && !(Number.isInteger(gpuLayers) && gpuLayers >= 0 && gpuLayers < 2 ** 31))
      throw new LlamaCppError('invalid_argument', `gpuLayers must be a number from 0 on, or all; it is ${gpuLayers}.`);
    await expectFile(path);
    const { functions, log } = this.#library;
    const params = {
      ...functions.llama_model_default_params(),
      devices: gpuLayers === 0 ? this.#library.addressOf(noDevices) : null,
      n_gpu_layers: gpuLayers === 'all' ? -1 : gpuLayers,
      load_mode: loadModes.automatic,
      vocab_only: vocabularyOnly,
    };
    const { result, problems } = await log.collect(() =>
      this.#library.async('llama_model_load_from_file', path, params),
    );
    if (result !== null) {
      this.#library.dropMappedPages(path);
      return new LlamaModel(this.#library, result, label, vocabularyOnly);
    }
    const code = lacksMemory(problems) ? 'insufficient_memory' : 'invalid_model';
    throw new LlamaCppError(code, `${label}: ${reasonOf(problems)}`);
  }
}
