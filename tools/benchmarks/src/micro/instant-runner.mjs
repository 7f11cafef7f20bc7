import { FakeTokenizer } from '@mcli/inference/testing';

/** As many as the embedded model has. */
export const vocabularySize = 49_152;

/** Logits as a model gives them: a few likely tokens far above many unlikely ones. The same for the same seed. */
export function randomLogits(seed = 1) {
  const logits = new Float32Array(vocabularySize);
  let state = seed;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let token = 0; token < vocabularySize; token++) logits[token] = -4 + 3 * (random() + random() + random());
  for (let likely = 0; likely < 40; likely++) logits[97 + (likely % 26)] = 12 + likely / 10;
  return logits;
}

/** A runner that takes no time: what is left of a step is the engine's own work on the event loop. */
export class InstantRunner {
  card = { id: 'instant', contextLength: 8192, created: 0 };
  tokenizer = new FakeTokenizer();
  slots = 8;
  vocabularySize = vocabularySize;
  longestDraft = 0;
  #logits = randomLogits();

  createCache() {
    const cache = {
      length: 0,
      truncate: (length) => {
        cache.length = Math.min(cache.length, length);
        return true;
      },
      dispose: () => undefined,
    };
    return cache;
  }

  async forward(items) {
    return items.map(({ cache, tokens, logitRows }) => {
      cache.length += tokens.length;
      return Array.from({ length: logitRows }, () => this.#logits.slice());
    });
  }

  async dispose() {
    return undefined;
  }
}
