import { ManagedRuntime } from './managed-runtime.js';
import { createNativeDriver } from './native/native-driver.js';
import { OrtError } from './ort-error.js';
import type { Runtime } from './runtime.js';
import { createWorkerDriver } from './worker/worker-driver.js';

/** Which runtime to load. */
export interface LoadRuntimeOptions {
  /** `worker` does not even try the native one. @default 'native' */
  readonly prefer?: 'native' | 'worker' | undefined;
  /** Called once, with one sentence, when the native runtime does not load and the worker takes its place. */
  readonly onFallback?: ((reason: string) => void) | undefined;
}

/**
 * Loads ONNX Runtime.
 *
 * Sets `ORT_DISABLE_TELEMETRY=1` in the environment of the process, since ONNX Runtime sends usage data otherwise. Where
 * `process.env` is a copy (in a worker thread, in Jest), set it in the main thread first.
 *
 * @throws OrtError `library_missing` or `unsupported_platform` when neither kind works here.
 */
export async function loadRuntime(options: LoadRuntimeOptions = {}): Promise<Runtime> {
  if (options.prefer === 'worker') return new ManagedRuntime(await createWorkerDriver());
  let reason: OrtError;
  try {
    return new ManagedRuntime(await createNativeDriver());
  } catch (error) {
    if (!(error instanceof OrtError) || error.code === 'unsupported_platform') throw error;
    reason = error;
  }
  const driver = await createWorkerDriver();
  options.onFallback?.(
    `ONNX Runtime is used through its slower binding, without cancelling inside a step: ${reason.message}`,
  );
  return new ManagedRuntime(driver);
}
