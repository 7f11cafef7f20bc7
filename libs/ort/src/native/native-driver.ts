import type { ResolvedSessionOptions, RuntimeDriver, SessionDriver } from '../driver.js';
import type { SharedWeights, WeightPlace } from '../runtime.js';
import { loadNativeApi } from './native-api.js';
import type { NativeApi } from './native-api.js';
import { createNativeSession } from './native-session.js';
import { NativeWeights } from './native-weights.js';

const ALIGNMENT = 64;

/** Runs models through the C API, on the bound memory itself. */
export async function createNativeDriver(): Promise<RuntimeDriver> {
  return new NativeDriver(await loadNativeApi());
}

class NativeDriver implements RuntimeDriver {
  readonly kind = 'native';
  readonly capabilities = { terminate: true, zeroCopy: true };
  readonly version: string;
  readonly #api: NativeApi;
  readonly #weights: NativeWeights[] = [];

  constructor(api: NativeApi) {
    this.version = api.version;
    this.#api = api;
  }

  allocate(byteLength: number): Uint8Array {
    const memory = new Uint8Array(byteLength + ALIGNMENT);
    const past = Number(this.#api.addressOf(memory) % BigInt(ALIGNMENT));
    return memory.subarray((ALIGNMENT - past) % ALIGNMENT);
  }

  createSession(model: string | Uint8Array, options: ResolvedSessionOptions): Promise<SessionDriver> {
    return createNativeSession(this.#api, model, options);
  }

  shareWeights(path: string, places: readonly WeightPlace[]): SharedWeights | undefined {
    const { mapFile } = this.#api;
    if (!mapFile) return undefined;
    const weights = new NativeWeights(this.#api, mapFile(path), places);
    this.#weights.push(weights);
    return weights;
  }

  // The environment belongs to the process.
  async release(): Promise<void> {
    for (const weights of this.#weights.splice(0)) weights.release();
  }
}
