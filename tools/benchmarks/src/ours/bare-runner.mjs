// The only file that speaks with the runner's `forward`.
import { LocalModelStore, loadOnnxRunner } from '@mcli/inference/onnx';
import { smollm2 } from '@mcli/model-smollm2';

/** Tokens of a prompt that the scheduler reads in one go. */
const chunkTokens = 256;

/** The folder of the built model; built first where it is missing. */
export async function resolveModel(directory) {
  const store = new LocalModelStore({ models: [smollm2], directory });
  const wasBuilt = await store.isBuilt(smollm2.id);
  const started = performance.now();
  const { path } = await store.resolve(smollm2.id);
  return { path, wasBuilt, ms: performance.now() - started };
}

/** A runner without scheduler, sampler and server. */
export class BareRunner {
  #runner;
  #caches;

  /** @param {{ directory: string, threads: number, context: number, slots: number }} options */
  static async load({ directory, threads, context, slots }) {
    const { path, wasBuilt, ms } = await resolveModel(directory);
    const runner = await loadOnnxRunner({ id: smollm2.id, directory: path, threads, context, slots });
    return Object.assign(new BareRunner(runner), { wasBuilt, buildMs: ms });
  }

  constructor(runner) {
    this.#runner = runner;
    this.#caches = Array.from({ length: runner.slots }, () => runner.createCache());
  }

  get tokenizer() {
    return this.#runner.tokenizer;
  }

  get slots() {
    return this.#runner.slots;
  }

  lengthOf(slot) {
    return this.#caches[slot].length;
  }

  /** Reads tokens in the scheduler's chunks, and chooses the likeliest next one. */
  async read(slot, tokens) {
    let chosen;
    for (let from = 0; from < tokens.length; from += chunkTokens) {
      const part = tokens.slice(from, from + chunkTokens);
      const isLast = from + part.length === tokens.length;
      const [rows] = await this.#runner.forward([this.#item(slot, part, 'read', isLast ? 1 : 0)]);
      if (isLast) chosen = likeliest(rows);
    }
    return chosen;
  }

  /** One token for each of the first slots, in one pass; chooses the likeliest next ones. */
  async write(tokens) {
    const rows = await this.#runner.forward(tokens.map((token, slot) => this.#item(slot, [token], 'write', 1)));
    return rows.map(likeliest);
  }

  truncate(slot, length) {
    if (!this.#caches[slot].truncate(length)) throw new Error('The cache could not be shortened.');
  }

  #item(slot, tokens, kind, logitRows) {
    return { cache: this.#caches[slot], tokens, kind, logitRows };
  }
}

function likeliest([logits]) {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token;
  return best;
}
