import { LlamaCppError } from '../llama-cpp-error.js';
import type { FoundLibraries } from './find-libraries.js';
import type { LibraryName, NativeFunction, NativeFunctions } from './function-table.js';
import { functionTable } from './function-table.js';
import { createDropMappedPages } from './drop-mapped-pages.js';
import type { DropMappedPages } from './drop-mapped-pages.js';
import { ExitGuard } from './exit-guard.js';
import { NativeLog } from './native-log.js';
import { batch, contextParams, modelParams } from './structs.js';
import type { CTypes } from './structs.js';

/** llama.cpp's loaded libraries. */
export interface NativeLibrary {
  readonly functions: NativeFunctions;
  readonly log: NativeLog;
  /** Memory at an address, without a copy. It must not be used once the library has freed it. */
  view(address: bigint, bytes: number): ArrayBuffer;
  addressOf(memory: ArrayBufferView): bigint;
  /** A function whose address another function gave. */
  functionAt<Result extends keyof CTypes, Parameters extends readonly (keyof CTypes)[]>(
    address: bigint,
    result: Result,
    parameters: Parameters,
  ): NativeFunction<Result, Parameters>;
  /**
   * A C function that answers whether the byte at the address that it is given is set: what the library asks while it
   * computes, on its own threads. (It is the C library's `strlen`, over a text of at most one byte.)
   */
  readonly isSet: bigint;
  readonly dropMappedPages: DropMappedPages;
  /** Calls on a thread of Node's pool. Memory passed is kept until it has ended. */
  async<Name extends keyof NativeFunctions>(
    name: Name,
    ...values: Parameters<NativeFunctions[Name]>
  ): Promise<ReturnType<NativeFunctions[Name]>>;
}

/** From `dlfcn.h`, the same on Linux and macOS. */
const RTLD_NOW = 2;

/**
 * Loads the libraries and the backends beside them, once for the process.
 *
 * @throws LlamaCppError `library_missing` · `incompatible_library`
 */
export async function loadNativeLibrary({ directory, paths }: FoundLibraries): Promise<NativeLibrary> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new LlamaCppError('library_missing', `koffi does not load on this machine: ${textOf(cause)}`, { cause });
  });
  const { platform } = process;
  const onWindows = platform === 'win32';
  // koffi unloads a library when nothing uses its functions any more; threads of this one may still run then.
  const keepLoaded = onWindows
    ? koffi.load('kernel32.dll').func('__stdcall', 'LoadLibraryW', 'void *', ['str16'])
    : koffi.load(null).func('dlopen', 'void *', ['str', 'int']);
  const open = (path: string): ReturnType<typeof koffi.load> => {
    try {
      const library = koffi.load(path, { global: true });
      keepLoaded(path, ...(onWindows ? [] : [RTLD_NOW]));
      return library;
    } catch (cause) {
      throw new LlamaCppError('library_missing', `${path} does not load: ${textOf(cause)}`, { cause });
    }
  };
  const base = open(paths.base);
  const ggml = open(paths.ggml);
  const libraries: Record<LibraryName, ReturnType<typeof koffi.load>> = { base, ggml, llama: open(paths.llama) };

  const typed = { ...scalarTypes } as Record<keyof CTypes, ReturnType<typeof koffi.struct> | string>;
  const struct = (fields: Readonly<Record<string, keyof CTypes>>) =>
    koffi.struct(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, typed[type]])));
  typed.modelParams = struct(modelParams);
  typed.contextParams = struct(contextParams);
  typed.batch = struct(batch);

  const functions = Object.fromEntries(
    Object.entries(functionTable).map(([name, [library, result, parameters]]) => [
      name,
      libraries[library].func(
        name,
        typed[result],
        parameters.map((type: keyof CTypes) => typed[type]),
      ),
    ]),
  ) as unknown as NativeFunctions;

  const log = new NativeLog(koffi, functions, libraries.llama.symbol('llama_time_us') as bigint);
  checkDefaults(functions);
  // The libraries keep their backends for the process, whoever loaded them.
  if (functions.ggml_backend_reg_count() === 0) functions.ggml_backend_load_all_from_path(directory);
  functions.llama_backend_init();

  const exitGuard = new ExitGuard(
    onWindows
      ? koffi.load('kernel32.dll').func('__stdcall', 'ExitProcess', 'void', ['uint32'])
      : koffi.load(null).func('_exit', 'void', ['int']),
  );
  const known = new Map<bigint, unknown>();
  /** Arguments of calls that have not ended: memory among them must not be collected. */
  const called = new Set<readonly unknown[]>();
  return {
    functions,
    log,
    view: (address, bytes) => koffi.view(address, bytes),
    addressOf: (memory) => koffi.address(memory),
    functionAt: (address, result, parameters) => {
      const made =
        known.get(address) ??
        koffi.decode(
          address,
          koffi.proto(
            typed[result],
            parameters.map((type) => typed[type]),
          ),
        );
      known.set(address, made);
      return made;
    },
    isSet: koffi.load(onWindows ? 'ucrtbase.dll' : null).symbol('strlen') as bigint,
    dropMappedPages: onWindows ? () => undefined : createDropMappedPages(koffi.load(null)),
    async: (name, ...values) =>
      new Promise((resolve, reject) => {
        const call = functions[name].async as (...all: unknown[]) => void;
        const done = (error: unknown, result: never): void => {
          called.delete(values);
          exitGuard.end();
          if (error) reject(error as Error);
          else resolve(result);
        };
        called.add(values);
        exitGuard.begin();
        call(...values, done);
      }),
  };
}

const scalarTypes = {
  void: 'void',
  pointer: 'void *',
  address: 'void *',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  uint32: 'uint32',
  uint64: 'uint64',
  float: 'float',
  size: 'size_t',
  str: 'str',
  text: 'str',
} as const;

/**
 * Compares what the library says are its defaults with what they are in the release whose structures are used here. A
 * structure of another release would be read at the wrong places, and crash.
 *
 * @throws LlamaCppError `incompatible_library`
 */
function checkDefaults(functions: NativeFunctions): void {
  const model = functions.llama_model_default_params();
  const context = functions.llama_context_default_params();
  const given = [
    [model.n_gpu_layers, model.split_mode, model.load_mode, model.lazy_mode, model.main_gpu],
    [model.vocab_only, model.use_extra_bufts, model.no_host, model.no_alloc, model.kv_overrides],
    [context.n_ctx, context.n_batch, context.n_ubatch, context.n_seq_max, context.n_outputs_max_per_seq],
    [context.pooling_type, context.flash_attn_type, context.yarn_ext_factor, context.defrag_thold],
    [context.type_k, context.type_v, context.abort_callback, context.embeddings, context.offload_kqv],
    [context.no_perf, context.op_offload, context.swa_full, context.kv_unified, context.samplers, context.ctx_other],
  ];
  const expected = [
    [-1, 1, -1, 1, 0],
    [false, true, false, false, null],
    [512, 2048, 512, 1, 1],
    [-1, -1, -1, -1],
    [1, 1, null, false, true],
    [true, true, true, false, null, null],
  ];
  if (JSON.stringify(given) === JSON.stringify(expected)) return;
  const message = `llama.cpp ${functions.llama_version() ?? ''} has other structures than this package was made for.`;
  throw new LlamaCppError('incompatible_library', message);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
