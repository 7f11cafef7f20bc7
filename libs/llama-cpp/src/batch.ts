import { LlamaCppError } from './llama-cpp-error.js';
import type { NativeLibrary } from './native/native-library.js';
import type { CTypes } from './native/structs.js';

/** What a context takes in one batch. Anything else would end the process. */
export interface BatchLimits {
  /** Tokens. */
  readonly tokens: number;
  /** Tokens with an output. */
  readonly outputs: number;
  readonly sequences: number;
  /** Tokens that there are. */
  readonly vocabularySize: number;
}

/** Tokens to be computed together, of one sequence or of several. Made once and filled again and again. */
export class Batch {
  /** Tokens that fit. */
  readonly capacity: number;
  readonly #limits: BatchLimits;
  readonly #tokens: Int32Array;
  readonly #positions: Int32Array;
  readonly #sequences: Int32Array;
  readonly #counts: Int32Array;
  readonly #sequenceAddresses: BigUint64Array;
  readonly #outputs: Int8Array;
  readonly #addresses: Omit<CTypes['batch'], 'n_tokens'>;
  /** The last position of each sequence in it; -1 for none. */
  readonly #lastPositions: Int32Array;
  #length = 0;
  #outputCount = 0;

  /** Made by `LlamaContext.createBatch`. */
  constructor({ addressOf }: NativeLibrary, limits: BatchLimits) {
    const { tokens: capacity } = limits;
    this.capacity = capacity;
    this.#limits = limits;
    this.#tokens = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    this.#sequences = new Int32Array(capacity);
    this.#counts = new Int32Array(capacity).fill(1);
    this.#outputs = new Int8Array(capacity);
    this.#lastPositions = new Int32Array(limits.sequences).fill(-1);
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
    this.#outputCount = 0;
    this.#lastPositions.fill(-1);
  }

  /** Whether a token, with an output or without, still fits. */
  hasRoom(hasOutput: boolean): boolean {
    const { tokens, outputs } = this.#limits;
    return this.#length < tokens && (!hasOutput || this.#outputCount < outputs);
  }

  /**
   * Adds a token. Returns its index, by which its logits are asked for.
   *
   * @param position in its sequence: the one behind the last one in this batch, or behind what the context remembers
   * @param hasOutput whether its logits (or, in a context for embeddings, its vector) are wanted
   * @throws LlamaCppError `invalid_argument` when the batch is full, when there is no such token or sequence, when positions
   * of a sequence don't follow one another, or when more outputs are wanted than the context has space for
   */
  add(token: number, position: number, sequence: number, hasOutput: boolean): number {
    const index = this.#length;
    this.#check(token, position, sequence, hasOutput);
    this.#tokens[index] = token;
    this.#positions[index] = position;
    this.#sequences[index] = sequence;
    this.#outputs[index] = hasOutput ? 1 : 0;
    this.#lastPositions[sequence] = position;
    this.#length += 1;
    if (hasOutput) this.#outputCount += 1;
    return index;
  }

  /** As the library takes it. Its memory stays this object's. */
  toNative(): CTypes['batch'] {
    return { n_tokens: this.#length, ...this.#addresses };
  }

  #check(token: number, position: number, sequence: number, hasOutput: boolean): void {
    const { tokens, outputs, sequences, vocabularySize } = this.#limits;
    const refuse = (message: string): never => {
      throw new LlamaCppError('invalid_argument', message);
    };
    if (this.#length >= tokens) refuse(`The batch holds ${tokens} tokens; it is full.`);
    if (!isBelow(token, vocabularySize)) refuse(`There is no token ${token}; there are ${vocabularySize}.`);
    if (!isBelow(sequence, sequences)) refuse(`There is no sequence ${sequence}; the context has ${sequences}.`);
    const last = this.#lastPositions[sequence] ?? -1;
    if (!isBelow(position, 2 ** 31)) refuse(`A position must be a number from 0 on; it is ${position}.`);
    if (last >= 0 && position !== last + 1)
      refuse(`Position ${position} of sequence ${sequence} comes behind ${last}; positions follow one another.`);
    if (hasOutput && this.#outputCount >= outputs)
      refuse(`The context has space for ${outputs} outputs of a batch: make it with more of them ('outputs').`);
  }
}

function isBelow(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < limit;
}
