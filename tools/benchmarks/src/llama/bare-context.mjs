/** llama.cpp's default for `n_ubatch`, and what prompts are read in. */
const passTokens = 512;

/**
 * A context of llama.cpp with the loop that its own tools measure: prompts in passes of 512 tokens, then one token for
 * each sequence in one batch. Choosing tokens isn't timed.
 */
export class BareContext {
  #context;
  #batch;
  /** Tokens that each sequence holds. */
  #lengths;

  /**
   * @param {import('@mcli/llama-cpp').LlamaModel} model
   * @param {{ threads: number, sequences: number, positions: number }} shape `positions` are those of one sequence
   */
  static async create(model, { threads, sequences, positions }) {
    const context = await model.createContext({ positions, sequences, threads, batchTokens: passTokens, passTokens });
    return new BareContext(context, sequences);
  }

  constructor(context, sequences) {
    this.#context = context;
    this.#batch = context.createBatch();
    this.#lengths = new Array(sequences).fill(0);
  }

  /** Reads a prompt and computes the logits after it. Resolves to the milliseconds. */
  async read(sequence, tokens) {
    let ms = 0;
    for (let from = 0; from < tokens.length; from += passTokens) {
      const part = tokens.slice(from, from + passTokens);
      const isLast = from + part.length === tokens.length;
      const started = performance.now();
      this.#batch.clear();
      for (const [at, token] of part.entries())
        this.#batch.add(token, this.#lengths[sequence] + at, sequence, isLast && at === part.length - 1);
      await this.#context.decode(this.#batch);
      if (isLast) this.#context.logitsAt(part.length - 1);
      ms += performance.now() - started;
      this.#lengths[sequence] += part.length;
    }
    return ms;
  }

  /** One token for each of the first sequences. Resolves to the milliseconds, and to the likeliest next tokens. */
  async write(tokens) {
    const started = performance.now();
    this.#batch.clear();
    for (const [sequence, token] of tokens.entries()) this.#batch.add(token, this.#lengths[sequence]++, sequence, true);
    await this.#context.decode(this.#batch);
    const logits = tokens.map((_, index) => this.#context.logitsAt(index));
    const ms = performance.now() - started;
    return { ms, chosen: logits.map(likeliest) };
  }

  /** What a sequence holds, for `restore` of another context of the same model. */
  save(sequence) {
    return this.#context.save(sequence);
  }

  async restore(sequence, saved, length) {
    this.truncate(sequence, 0);
    await this.#context.restore(sequence, saved);
    this.#lengths[sequence] = length;
  }

  /** Forgets everything of a sequence after `length` tokens. */
  truncate(sequence, length) {
    if (!this.#context.remove(sequence, length)) throw new Error('llama.cpp could not shorten a sequence.');
    this.#lengths[sequence] = length;
  }

  dispose() {
    return this.#context.dispose();
  }
}

function likeliest(logits) {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token;
  return best;
}
