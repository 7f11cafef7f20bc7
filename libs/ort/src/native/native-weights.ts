import type { SharedWeights, WeightPlace } from '../runtime.js';
import { bytesPerElement, elementCount } from '../tensor.js';
import { elementTypes } from './api-table.js';
import type { MappedFile } from './map-file.js';
import type { NativeApi } from './native-api.js';

/**
 * Weights over a mapped file, with the container in which the runtime keeps what it packs them to. Sessions may still
 * read those that a kernel didn't pack, so the file stays mapped; its pages are only there while they are read.
 */
export class NativeWeights implements SharedWeights {
  readonly byteLength: number;
  readonly container: bigint;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
  readonly #api: NativeApi;
  readonly #file: MappedFile;
  #isOpen = true;

  constructor(api: NativeApi, file: MappedFile, places: readonly WeightPlace[]) {
    this.#api = api;
    this.#file = file;
    const { functions } = api;
    this.container = api.create('invalid_argument', (out) => functions.CreatePrepackedWeightsContainer(out));
    let total = 0;
    this.values = places.map(({ name, type, dims, offset }) => {
      const byteLength = elementCount(dims) * bytesPerElement(type);
      total += byteLength;
      const value = api.create('invalid_argument', (out) =>
        functions.CreateTensorWithDataAsOrtValue(
          api.memoryInfo,
          file.address + BigInt(offset),
          byteLength,
          BigInt64Array.from(dims, BigInt),
          dims.length,
          elementTypes[type],
          out,
        ),
      );
      return { name, value };
    });
    this.byteLength = total;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Gives the file's pages back, after a session was made. */
  forget(): void {
    if (this.#isOpen) this.#file.forget();
  }

  /** After all sessions. */
  release(): void {
    this.#isOpen = false;
    for (const { value } of this.values) this.#api.functions.ReleaseValue(value);
    this.#api.functions.ReleasePrepackedWeightsContainer(this.container);
    this.#file.unmap();
  }
}
