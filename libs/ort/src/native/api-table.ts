/**
 * The part of ONNX Runtime's C API that is used here, as positions in the table of function pointers `OrtApi`. The table is part of
 * the library's binary interface: it only grows at its end, so a position never changes. Source: `onnxruntime_c_api.h`, whose order
 * the C# binding repeats in `NativeMethods.shared.cs`. All of these functions are older than version 17 of the table.
 */
export const API_VERSION = 17;

/** Name → position, result, parameters. The types are the keys of `CTypes`. */
export const apiTable = {
  GetErrorCode: [1, 'int', ['pointer']],
  GetErrorMessage: [2, 'str', ['pointer']],
  /** (log level, log id, out environment). The environment is one for the process and counts its references. */
  CreateEnv: [3, 'status', ['int', 'str', 'pointer']],
  DisableTelemetryEvents: [6, 'status', ['pointer']],
  /** (environment, path, options, out session) */
  CreateSession: [7, 'status', ['pointer', 'path', 'pointer', 'pointer']],
  /** (environment, bytes, byte length, options, out session) */
  CreateSessionFromArray: [8, 'status', ['pointer', 'pointer', 'size', 'pointer', 'pointer']],
  CreateSessionOptions: [10, 'status', ['pointer']],
  /** (options, beginning of the file's path) */
  EnableProfiling: [14, 'status', ['pointer', 'path']],
  DisableCpuMemArena: [19, 'status', ['pointer']],
  SetSessionGraphOptimizationLevel: [23, 'status', ['pointer', 'int']],
  SetIntraOpNumThreads: [24, 'status', ['pointer', 'int']],
  /** (session, out count) */
  SessionGetInputCount: [30, 'status', ['pointer', 'pointer']],
  SessionGetOutputCount: [31, 'status', ['pointer', 'pointer']],
  /** (session, index, out type info) */
  SessionGetInputTypeInfo: [33, 'status', ['pointer', 'size', 'pointer']],
  SessionGetOutputTypeInfo: [34, 'status', ['pointer', 'size', 'pointer']],
  /** (session, index, allocator, out name, which the allocator frees) */
  SessionGetInputName: [36, 'status', ['pointer', 'size', 'pointer', 'pointer']],
  SessionGetOutputName: [37, 'status', ['pointer', 'size', 'pointer', 'pointer']],
  CreateRunOptions: [39, 'status', ['pointer']],
  RunOptionsSetTerminate: [46, 'status', ['pointer']],
  /** (memory info, data, byte length, dims, dim count, element type, out value). The value does not own the data. */
  CreateTensorWithDataAsOrtValue: [49, 'status', ['pointer', 'pointer', 'size', 'pointer', 'size', 'int', 'pointer']],
  /** (type info, out tensor info: a part of the type info, or null when the value is no tensor) */
  CastTypeInfoToTensorInfo: [55, 'status', ['pointer', 'pointer']],
  GetTensorElementType: [60, 'status', ['pointer', 'pointer']],
  GetDimensionsCount: [61, 'status', ['pointer', 'pointer']],
  GetDimensions: [62, 'status', ['pointer', 'pointer', 'size']],
  /** The names are part of the type info. */
  GetSymbolicDimensions: [63, 'status', ['pointer', 'pointer', 'size']],
  /** (allocator type, memory type, out memory info) */
  CreateCpuMemoryInfo: [69, 'status', ['int', 'int', 'pointer']],
  AllocatorFree: [76, 'status', ['pointer', 'pointer']],
  GetAllocatorWithDefaultOptions: [78, 'status', ['pointer']],
  ReleaseStatus: [93, 'void', ['pointer']],
  ReleaseSession: [95, 'void', ['pointer']],
  ReleaseValue: [96, 'void', ['pointer']],
  ReleaseRunOptions: [97, 'void', ['pointer']],
  ReleaseTypeInfo: [98, 'void', ['pointer']],
  ReleaseSessionOptions: [100, 'void', ['pointer']],
  /** (session, allocator, out path, which the allocator frees) */
  SessionEndProfiling: [110, 'status', ['pointer', 'pointer', 'pointer']],
  /** (options, key, value) */
  AddSessionConfigEntry: [130, 'status', ['pointer', 'str', 'str']],
  /** (session, run options or null, binding) */
  RunWithBinding: [133, 'status', ['pointer', 'pointer', 'pointer']],
  /** (session, out binding) */
  CreateIoBinding: [134, 'status', ['pointer', 'pointer']],
  ReleaseIoBinding: [135, 'void', ['pointer']],
  /** (binding, name, value, which it shares from then on) */
  BindInput: [136, 'status', ['pointer', 'str', 'pointer']],
  BindOutput: [137, 'status', ['pointer', 'str', 'pointer']],
  /** (session, out nanoseconds) */
  SessionGetProfilingStartTimeNs: [146, 'status', ['pointer', 'pointer']],
  /** (options, name, value). The value must live as long as the session. */
  AddInitializer: [150, 'status', ['pointer', 'str', 'pointer']],
  CreatePrepackedWeightsContainer: [166, 'status', ['pointer']],
  ReleasePrepackedWeightsContainer: [167, 'void', ['pointer']],
  /** (environment, path, options, container, out session). The container must outlive the session. */
  CreateSessionWithPrepackedWeightsContainer: [168, 'status', ['pointer', 'path', 'pointer', 'pointer', 'pointer']],
} as const satisfies Record<string, readonly [number, keyof CTypes, readonly (keyof CTypes)[]]>;

/** How C's types look in JavaScript. */
export interface CTypes {
  void: undefined;
  /** An address, memory whose address is passed, or null. */
  pointer: bigint | ArrayBufferView | null;
  /** `OrtStatus *`: null for success. Whoever gets one releases it. */
  status: bigint | null;
  int: number;
  size: number;
  str: string;
  /** `ORTCHAR_T *`: UTF-16 on Windows. */
  path: string;
}

type Values<Types extends readonly (keyof CTypes)[]> = { [I in keyof Types]: CTypes[Types[I]] };

/** One function of the table. */
export interface NativeFunction<Result extends keyof CTypes, Parameters extends readonly (keyof CTypes)[]> {
  (...values: Values<Parameters>): CTypes[Result];
  /** The same on a thread of Node's pool. Memory passed must stay referenced until `done` is called. */
  async(...values: [...Values<Parameters>, done: (error: unknown, result: CTypes[Result]) => void]): void;
}

export type NativeFunctions = {
  readonly [Name in keyof typeof apiTable]: NativeFunction<(typeof apiTable)[Name][1], (typeof apiTable)[Name][2]>;
};

/** `ONNXTensorElementDataType` */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;

/** `GraphOptimizationLevel` */
export const optimizationLevels = { none: 0, basic: 1, extended: 2, all: 99 } as const;

/** `OrtLoggingLevel` fatal: every failure comes back as a status, so nothing needs to be written to stderr. */
export const LOG_LEVEL = 4;

/** `OrtArenaAllocator` and `OrtMemTypeDefault` */
export const ARENA_ALLOCATOR = 1;
export const DEFAULT_MEMORY = 0;
