/** Arrays that are used again and again, because memory that is let go comes back late. */
export class Scratch {
  readonly #buffers = new Map<string, ArrayBuffer>();

  /** The first `length` numbers of the array of this name, which grows as it must; with whatever is in it. */
  floats(name: string, length: number): Float32Array {
    return new Float32Array(this.#buffer(name, length * 4), 0, length);
  }

  bytes(name: string, length: number): Uint8Array {
    return new Uint8Array(this.#buffer(name, length), 0, length);
  }

  #buffer(name: string, byteLength: number): ArrayBuffer {
    const known = this.#buffers.get(name);
    if (known && known.byteLength >= byteLength) return known;
    const buffer = new ArrayBuffer(byteLength);
    this.#buffers.set(name, buffer);
    return buffer;
  }
}
