import { type GenerationEvent, InferenceError } from '@mcli/inference';

/** An event of one of several generations. */
export interface AnswerEvent {
  /** Which generation; 0 is the first. */
  readonly index: number;
  readonly event: GenerationEvent;
}

/**
 * Events of several generations as they come. When one fails all are ended; leaving the loop ends all.
 *
 * @throws InferenceError `engine_failed`: a generation stopped without an end
 */
export async function* mergeGenerations(
  generations: readonly AsyncIterable<GenerationEvent>[],
): AsyncGenerator<AnswerEvent> {
  const iterators = generations.map((generation) => generation[Symbol.asyncIterator]());
  const advance = async (index: number) => ({ index, next: await iterators[index]?.next() });
  const waiting = new Map(iterators.map((_, index) => [index, advance(index)]));
  const ended = new Set<number>();
  try {
    while (waiting.size > 0) {
      const { index, next } = await Promise.race(waiting.values());
      waiting.delete(index);
      if (next === undefined || next.done === true) {
        if (ended.has(index)) continue;
        throw new InferenceError('engine_failed', 'A generation stopped without saying why.');
      }
      if (next.value.type === 'end') ended.add(index);
      waiting.set(index, advance(index)); // at the end of the queue: none starves the others
      yield { index, event: next.value };
    }
  } finally {
    for (const [index, pending] of waiting) {
      pending.catch(() => undefined);
      iterators[index]?.return?.().catch(() => undefined);
    }
  }
}
