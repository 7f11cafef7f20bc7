import type { ContextOptions, LlamaContext, LlamaModel } from '@mcli/llama-cpp';

/** Positions of a sequence that memory is taken for at first. */
const firstPositions = 1024;

/**
 * A context that takes memory as its sequences get longer: llama.cpp takes all of a context's memory at once, and most
 * conversations are short. When one gets too long, a context of twice the size (or more) takes over what all sequences
 * remember; for that moment both are in memory, and a copy of one sequence. Of layers with a sliding window it takes over
 * the window alone, so that sequences can't be cut back to what they were before.
 */
export class GrowingContext {
  /** Positions that a sequence can get at most. */
  readonly positions: number;
  readonly #model: LlamaModel;
  readonly #options: ContextOptions;
  #context: LlamaContext;

  private constructor(model: LlamaModel, options: ContextOptions, context: LlamaContext) {
    this.#model = model;
    this.#options = options;
    this.#context = context;
    this.positions = options.positions;
  }

  /**
   * @param options of the context at its largest
   * @throws LlamaCppError `insufficient_memory` · `invalid_argument`
   */
  static async create(model: LlamaModel, options: ContextOptions): Promise<GrowingContext> {
    // A state has one size however much was read.
    const least = model.memory === 'state' ? options.positions : firstPositions;
    const positions = Math.min(least, options.positions);
    return new GrowingContext(model, options, await model.createContext({ ...options, positions }));
  }

  /** The context as it is now; another one after `reserve`. */
  get current(): LlamaContext {
    return this.#context;
  }

  /**
   * Makes sure that a sequence can get `positions` long. Nothing may compute meanwhile.
   *
   * @throws LlamaCppError `insufficient_memory`; the context is as it was then
   */
  async reserve(positions: number): Promise<void> {
    const old = this.#context;
    if (positions <= old.positions) return;
    const larger = Math.min(this.positions, 2 ** Math.ceil(Math.log2(positions)));
    const next = await this.#model.createContext({ ...this.#options, positions: larger });
    try {
      for (let sequence = 0; sequence < old.sequences; sequence++) {
        if (old.rangeOf(sequence)) await next.restore(sequence, await old.save(sequence));
      }
    } catch (error) {
      await next.dispose();
      throw error;
    }
    this.#context = next;
    await old.dispose();
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
  }
}
