import type { ResolvedSessionOptions, RuntimeDriver, SessionDriver } from '../driver.js';
import { loadNativeApi } from './native-api.js';
import type { NativeApi } from './native-api.js';
import { createNativeSession } from './native-session.js';

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

  // The environment belongs to the process.
  release(): Promise<void> {
    return Promise.resolve();
  }
}
