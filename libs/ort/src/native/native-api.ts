import { OrtError } from '../ort-error.js';
import type { OrtErrorCode } from '../ort-error.js';
import { API_VERSION, ARENA_ALLOCATOR, DEFAULT_MEMORY, LOG_LEVEL, apiTable } from './api-table.js';
import type { CTypes, NativeFunctions } from './api-table.js';
import type { MapFile } from './map-file.js';
import { createMapFile } from './map-file.js';
import { hasGlibc, libraryPath, unsupportedPlatform } from './library-path.js';
import { createTrimMemory } from './trim-memory.js';

/** ONNX Runtime's library with its environment. */
export interface NativeApi {
  readonly version: string;
  readonly functions: NativeFunctions;
  readonly environment: bigint;
  readonly memoryInfo: bigint;
  readonly allocator: bigint;
  /** Does nothing for success; else throws the status' text under `code`, and releases the status. */
  check(status: bigint | null, code: OrtErrorCode): void;
  /** What a function puts into its out parameter. */
  create(code: OrtErrorCode, call: (out: BigUint64Array) => bigint | null): bigint;
  /** Zero for memory without bytes. */
  addressOf(memory: ArrayBufferView): bigint;
  /** A C string. */
  readString(address: bigint): string;
  /** Gives freed memory back to the system. */
  trimMemory(): void;
  /** Maps files into memory. `undefined` on Windows. */
  readonly mapFile: MapFile | undefined;
}

/** The same on Linux and macOS. */
const RTLD_NOW = 2;

let loading: Promise<NativeApi> | undefined;

/**
 * Loads the library and creates its environment, once for the process.
 *
 * @throws OrtError `library_missing` or `unsupported_platform`
 */
export function loadNativeApi(): Promise<NativeApi> {
  loading ??= load();
  return loading;
}

async function load(): Promise<NativeApi> {
  // Before the library is mapped: it reads the variable when its environment is made.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const path = libraryPath();
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new OrtError('library_missing', `koffi does not load on this machine: ${textOf(cause)}`, { cause });
  });

  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load(path);
  } catch (cause) {
    if (process.platform === 'linux' && !hasGlibc()) throw unsupportedPlatform(cause);
    throw new OrtError('library_missing', `${path} does not load: ${textOf(cause)}`, { cause });
  }

  // koffi unloads the library when it sees no use of it any more, and it does not see functions taken from a table.
  const { platform } = process;
  const keepLoaded =
    platform === 'win32'
      ? koffi.load('kernel32.dll').func('__stdcall', 'LoadLibraryW', 'void *', ['str16'])
      : koffi.load(null).func('dlopen', 'void *', ['str', 'int']);
  if (keepLoaded(path, ...(platform === 'win32' ? [] : [RTLD_NOW])) === null) {
    throw new OrtError('library_missing', `${path} cannot be kept loaded.`);
  }

  const koffiTypes: Record<keyof CTypes, string> = {
    void: 'void',
    pointer: 'void *',
    status: 'void *',
    int: 'int',
    size: 'size_t',
    str: 'str',
    path: platform === 'win32' ? 'str16' : 'str',
  };
  const functionAt = (
    table: bigint,
    index: number,
    result: keyof CTypes,
    parameters: readonly (keyof CTypes)[],
  ): unknown => {
    const types = parameters.map((type) => koffiTypes[type]);
    return koffi.decode(koffi.decode(table, index * 8, 'void *'), koffi.proto(koffiTypes[result], types));
  };

  const base = library.func('OrtGetApiBase', 'void *', [])() as bigint;
  const getApi = functionAt(base, 0, 'pointer', ['int']) as (version: number) => bigint | null;
  const version = (functionAt(base, 1, 'str', []) as () => string)();
  const table = getApi(API_VERSION);
  if (table === null) {
    throw new OrtError(
      'library_missing',
      `ONNX Runtime ${version} does not offer version ${API_VERSION} of its C API.`,
    );
  }
  const functions = Object.fromEntries(
    Object.entries(apiTable).map(([name, [index, result, parameters]]) => [
      name,
      functionAt(table, index, result, parameters),
    ]),
  ) as unknown as NativeFunctions;

  const check = (status: bigint | null, code: OrtErrorCode): void => {
    if (status === null) return;
    const message = functions.GetErrorMessage(status).trim();
    functions.ReleaseStatus(status);
    throw new OrtError(code, message);
  };
  const create = (code: OrtErrorCode, call: (out: BigUint64Array) => bigint | null): bigint => {
    const out = new BigUint64Array(1);
    check(call(out), code);
    return out[0] ?? 0n;
  };

  const environment = create('library_missing', (out) => functions.CreateEnv(LOG_LEVEL, 'mcli', out));
  check(functions.DisableTelemetryEvents(environment), 'library_missing');
  return {
    version,
    functions,
    environment,
    memoryInfo: create('library_missing', (out) => functions.CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, out)),
    allocator: create('library_missing', (out) => functions.GetAllocatorWithDefaultOptions(out)),
    check,
    create,
    addressOf: (memory) => koffi.address(memory),
    readString: (address) => koffi.decode.string(address),
    trimMemory: createTrimMemory(koffi),
    mapFile: platform === 'win32' ? undefined : createMapFile(koffi.load(null)),
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
