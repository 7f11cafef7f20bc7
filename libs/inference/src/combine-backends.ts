import type { InferenceBackend, ModelCard } from './contract.js';
import { InferenceError } from './errors.js';

/**
 * Several backends as one: each request goes to the first that has its model.
 *
 * A backend that can't name its models at the moment doesn't stop the others. Its error (`loading`, say) is thrown
 * where the answer depends on it: for a model that no other has, or when no backend can name any.
 */
export function combineBackends(backends: readonly InferenceBackend[]): InferenceBackend {
  return {
    async models() {
      const { cards, failure } = await survey(backends);
      if (cards.size === 0 && failure) throw failure.error;
      return [...cards.values()].map(({ card }) => card);
    },

    async *generate(request) {
      const { cards, failure } = await survey(backends);
      const found = cards.get(request.model);
      if (!found) {
        if (failure) throw failure.error;
        const details = { model: request.model };
        throw new InferenceError('model_not_found', `There is no model '${request.model}' here.`, { details });
      }
      yield* found.backend.generate(request);
    },

    async close() {
      const results = await Promise.allSettled(backends.map((backend) => backend.close()));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
  };
}

interface Survey {
  readonly cards: ReadonlyMap<string, { readonly card: ModelCard; readonly backend: InferenceBackend }>;
  /** Of the first backend that couldn't answer. */
  readonly failure: { readonly error: unknown } | undefined;
}

async function survey(backends: readonly InferenceBackend[]): Promise<Survey> {
  const cards = new Map<string, { card: ModelCard; backend: InferenceBackend }>();
  let failure: Survey['failure'];
  const answers = await Promise.allSettled(backends.map((backend) => backend.models()));
  for (const [index, answer] of answers.entries()) {
    const backend = backends[index];
    if (answer.status === 'rejected') failure ??= { error: answer.reason };
    else if (backend) for (const card of answer.value) if (!cards.has(card.id)) cards.set(card.id, { card, backend });
  }
  return { cards, failure };
}
