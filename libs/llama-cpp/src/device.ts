import type { NativeLibrary } from './native/native-library.js';
import { deviceTypes } from './native/structs.js';

/** Something that computes: the processor, or a GPU that a package's library found. */
export interface Device {
  /** Such as `CPU`, `Vulkan0`, `CUDA1`. */
  readonly name: string;
  /** What it calls itself. */
  readonly description: string;
  readonly kind: (typeof deviceTypes)[number];
  /** Bytes. 0 where the device doesn't say. */
  readonly memory: { readonly free: number; readonly total: number };
}

/** The devices that the loaded libraries can compute on. What memory is free changes. */
export function listDevices({ functions }: NativeLibrary): readonly (Device & { readonly handle: bigint })[] {
  const count = Number(functions.ggml_backend_dev_count());
  return Array.from({ length: count }, (_, index) => {
    const handle = functions.ggml_backend_dev_get(index) ?? 0n;
    const free = new BigUint64Array(1);
    const total = new BigUint64Array(1);
    functions.ggml_backend_dev_memory(handle, free, total);
    return {
      name: functions.ggml_backend_dev_name(handle) ?? '',
      description: functions.ggml_backend_dev_description(handle) ?? '',
      kind: deviceTypes[functions.ggml_backend_dev_type(handle)] ?? 'accelerator',
      memory: { free: Number(free[0]), total: Number(total[0]) },
      handle,
    };
  });
}
