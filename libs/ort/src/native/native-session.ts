import type { BindingDriver, ResolvedSessionOptions, SessionDriver } from '../driver.js';
import { OrtError } from '../ort-error.js';
import type { OperatorRun, ValueInfo } from '../runtime.js';
import { optimizationLevels } from './api-table.js';
import type { NativeApi } from './native-api.js';
import { NativeBinding } from './native-binding.js';
import { NativeProfile } from './native-profile.js';
import { NativeWeights } from './native-weights.js';
import { readValueInfos } from './value-infos.js';

/** Loads a model on a thread of Node's pool. @throws OrtError `invalid_model` or `invalid_argument` */
export async function createNativeSession(
  api: NativeApi,
  model: string | Uint8Array,
  options: ResolvedSessionOptions,
): Promise<SessionDriver> {
  const { functions } = api;
  const weights = weightsFor(model, options);
  const profile = options.profile ? new NativeProfile() : undefined;
  const nativeOptions = createSessionOptions(api, options);
  try {
    if (profile) api.check(functions.EnableProfiling(nativeOptions, profile.prefix), 'invalid_argument');
    for (const { name, value } of weights?.values ?? [])
      api.check(functions.AddInitializer(nativeOptions, name, value), 'invalid_argument');
    const out = new BigUint64Array(1);
    const status = await new Promise<bigint | null>((resolve, reject) => {
      const done = (error: unknown, result: bigint | null): void => (error ? reject(error) : resolve(result));
      if (weights && typeof model === 'string') {
        const { container } = weights;
        functions.CreateSessionWithPrepackedWeightsContainer.async(
          api.environment,
          model,
          nativeOptions,
          container,
          out,
          done,
        );
      } else if (typeof model === 'string') {
        functions.CreateSession.async(api.environment, model, nativeOptions, out, done);
      } else {
        functions.CreateSessionFromArray.async(api.environment, model, model.byteLength, nativeOptions, out, done);
      }
    });
    api.check(status, 'invalid_model');
    const session = out[0] ?? 0n;
    try {
      return new NativeSession(api, session, profile);
    } catch (error) {
      functions.ReleaseSession(session);
      throw error;
    }
  } catch (error) {
    profile?.discard();
    throw error;
  } finally {
    functions.ReleaseSessionOptions(nativeOptions);
    weights?.forget();
    api.trimMemory();
  }
}

function weightsFor(model: string | Uint8Array, { weights }: ResolvedSessionOptions): NativeWeights | undefined {
  if (!weights) return undefined;
  if (!(weights instanceof NativeWeights && weights.isOpen))
    throw new OrtError('invalid_argument', 'The shared weights are not of this runtime.');
  if (typeof model !== 'string')
    throw new OrtError('invalid_argument', 'A model that shares weights must be given as a path.');
  return weights;
}

function createSessionOptions(api: NativeApi, options: ResolvedSessionOptions): bigint {
  const { functions } = api;
  const handle = api.create('invalid_argument', (out) => functions.CreateSessionOptions(out));
  const check = (status: bigint | null): void => api.check(status, 'invalid_argument');
  try {
    check(functions.SetIntraOpNumThreads(handle, options.threads));
    check(functions.SetSessionGraphOptimizationLevel(handle, optimizationLevels[options.optimize]));
    if (!options.memoryArena) check(functions.DisableCpuMemArena(handle));
    for (const [key, value] of Object.entries(options.entries)) {
      check(functions.AddSessionConfigEntry(handle, key, value));
    }
    return handle;
  } catch (error) {
    functions.ReleaseSessionOptions(handle);
    throw error;
  }
}

class NativeSession implements SessionDriver {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #api: NativeApi;
  readonly #handle: bigint;
  #profile: NativeProfile | undefined;

  constructor(api: NativeApi, handle: bigint, profile: NativeProfile | undefined) {
    this.#api = api;
    this.#handle = handle;
    this.#profile = profile;
    this.inputs = readValueInfos(api, handle, 'input');
    this.outputs = readValueInfos(api, handle, 'output');
  }

  createBinding(): BindingDriver {
    return new NativeBinding(this.#api, this.#handle);
  }

  async endProfile(): Promise<readonly OperatorRun[]> {
    const profile = this.#profile;
    this.#profile = undefined;
    return profile?.end(this.#api, this.#handle) ?? [];
  }

  async release(): Promise<void> {
    // Else the runtime would write the file when the session is gone.
    this.#profile?.stop(this.#api, this.#handle);
    this.#api.functions.ReleaseSession(this.#handle);
  }
}
