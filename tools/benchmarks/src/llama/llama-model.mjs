// The only file that names node-llama-cpp. It goes through the addon's own batch calls, one below `LlamaContext`: a step is
// `initBatch`, `addToBatch`, `decodeBatch`, `sampleToken`, with no queue in between, so what is timed is llama.cpp.
import { getLlama } from 'node-llama-cpp';

/** @typedef {{ threads: number, sequences: number, positions: number, batch: number, flashAttention: boolean }} ContextShape */

export class LlamaModel {
  static #llama;

  /** @param {string} path a GGUF file */
  static async load(path) {
    LlamaModel.#llama ??= await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: 'error' });
    const model = await LlamaModel.#llama.loadModel({ modelPath: path, gpuLayers: 0 });
    return new LlamaModel(model);
  }

  /** What llama.cpp says about itself. */
  static facts() {
    const { release, repo } = LlamaModel.#llama.llamaCppRelease;
    return { release, repo, systemInfo: LlamaModel.#llama.systemInfo.trim() };
  }

  constructor(model) {
    this.model = model;
  }

  /** @param {ContextShape} shape `positions` are those of one sequence */
  async createContext(shape) {
    const { AddonContext, AddonSampler } = LlamaModel.#llama._bindings;
    const context = new AddonContext(this.model._model, {
      contextSize: Math.ceil(shape.positions / 256) * 256 * shape.sequences,
      batchSize: shape.batch,
      sequences: shape.sequences,
      flashAttention: shape.flashAttention,
      threads: shape.threads,
    });
    if (!(await context.init())) throw new Error('llama.cpp could not create a context.');
    context.setThreads(shape.threads);
    const samplers = Array.from({ length: shape.sequences }, () => {
      const sampler = new AddonSampler(this.model._model);
      sampler.applyConfig({ temperature: 0 });
      return sampler;
    });
    return new LlamaContext(context, samplers, shape);
  }
}

/** Sequences that are computed together. */
export class LlamaContext {
  #context;
  #samplers;
  #shape;
  /** Tokens that each sequence holds. */
  #lengths;

  constructor(context, samplers, shape) {
    this.#context = context;
    this.#samplers = samplers;
    this.#shape = shape;
    this.#lengths = new Array(shape.sequences).fill(0);
  }

  /** Reads tokens in batches as large as the context takes, and chooses the likeliest next one. */
  async read(sequence, tokens) {
    let chosen;
    for (let from = 0; from < tokens.length; from += this.#shape.batch) {
      const part = tokens.slice(from, from + this.#shape.batch);
      const isLast = from + part.length === tokens.length;
      this.#context.initBatch(part.length);
      const wanted = this.#add(sequence, part, isLast ? [part.length - 1] : []);
      await this.#context.decodeBatch();
      if (isLast) chosen = await this.#context.sampleToken(wanted[0], this.#samplers[sequence]);
    }
    return chosen;
  }

  /**
   * One token for each of the first sequences, in one batch; chooses the likeliest next ones.
   *
   * @param {number[]} tokens
   * @param {{ sampling?: number }} clock gets the milliseconds that choosing took added
   */
  async write(tokens, clock = {}) {
    this.#context.initBatch(tokens.length);
    const wanted = tokens.map((token, sequence) => this.#add(sequence, [token], [0])[0]);
    await this.#context.decodeBatch();
    const started = performance.now();
    const chosen = await Promise.all(
      wanted.map((index, sequence) => this.#context.sampleToken(index, this.#samplers[sequence])),
    );
    clock.sampling = (clock.sampling ?? 0) + performance.now() - started;
    return chosen;
  }

  setThreads(threads) {
    this.#context.setThreads(threads);
  }

  /** Forgets everything of a sequence after `length` tokens. */
  truncate(sequence, length) {
    if (length === 0) this.#context.disposeSequence(sequence);
    else if (!this.#context.removeTokenCellsFromSequence(sequence, length, this.#lengths[sequence]))
      throw new Error('llama.cpp could not shorten a sequence.');
    this.#lengths[sequence] = length;
  }

  async dispose() {
    await this.#context.dispose();
  }

  #add(sequence, tokens, wanted) {
    const added = this.#context.addToBatch(
      sequence,
      this.#lengths[sequence],
      Uint32Array.from(tokens),
      Uint32Array.from(wanted),
    );
    this.#lengths[sequence] += tokens.length;
    return added;
  }
}
