import { LlamaCppError } from './llama-cpp-error.js';
import type { NativeLibrary } from './native/native-library.js';
import type { CTypes } from './native/structs.js';

/** Tokens to be computed together, of one sequence or of several. Made once and filled again and again. */
export class Batch {
  /** Tokens that fit. */
  readonly capacity: number;
  readonly #tokens: Int32Array;
  readonly #positions: Int32Array;
  readonly #sequences: Int32Array;
  readonly #counts: Int32Array;
  readonly #sequenceAddresses: BigUint64Array;
  readonly #outputs: Int8Array;
  readonly #addresses: Omit<CTypes['batch'], 'n_tokens'>;
  #length = 0;

  /** Made by `LlamaContext.createBatch`. */
  constructor({ addressOf }: NativeLibrary, capacity: number) {
    this.capacity = capacity;
    this.#tokens = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    this.#sequences = new Int32Array(capacity);
    this.#counts = new Int32Array(capacity).fill(1);
    this.#outputs = new Int8Array(capacity);
    const first = addressOf(this.#sequences);
    this.#sequenceAddresses = BigUint64Array.from({ length: capacity }, (_, index) => first + BigInt(4 * index));
    this.#addresses = {
      token: addressOf(this.#tokens),
      embd: null,
      pos: addressOf(this.#positions),
      n_seq_id: addressOf(this.#counts),
      seq_id: addressOf(this.#sequenceAddresses),
      logits: addressOf(this.#outputs),
    };
  }

  /** Tokens in it. */
  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /**
   * Adds a token. Returns its index, by which its logits are asked for.
   *
   * @param position in its sequence, the one behind the last one known
   * @param hasOutput whether its logits (or, in a context for embeddings, its vector) are wanted
   * @throws LlamaCppError `invalid_argument` when the batch is full
   */
  add(token: number, position: number, sequence: number, hasOutput: boolean): number {
    const index = this.#length;
    if (index >= this.capacity)
      throw new LlamaCppError('invalid_argument', `The batch holds ${this.capacity} tokens; it is full.`);
    this.#tokens[index] = token;
    this.#positions[index] = position;
    this.#sequences[index] = sequence;
    this.#outputs[index] = hasOutput ? 1 : 0;
    this.#length += 1;
    return index;
  }

  /** As the library takes it. Its memory stays this object's. */
  toNative(): CTypes['batch'] {
    return { n_tokens: this.#length, ...this.#addresses };
  }
}
