import { InferenceError } from '../errors.js';
import { mebibytes } from '../mebibytes.js';

export interface KvCacheRequest {
  /** Bytes that one position of one sequence takes. */
  readonly bytesPerPosition: number;
  /** Bytes that a position takes once more, for all slots together. @default 0 */
  readonly sharedBytesPerPosition?: number | undefined;
  /** Positions that the model was made for. */
  readonly modelContext: number;
  /** What the user asked for; undefined may shrink. */
  readonly context?: number | undefined;
  readonly slots?: number | undefined;
  /** Bytes that all slots together may take. */
  readonly budget: number;
}

export interface KvCachePlan {
  readonly context: number;
  readonly slots: number;
  /** Bytes when every position is in use. */
  readonly bytes: number;
}

/** Slots when nobody says otherwise. */
export const defaultSlots = 8;

/** The context shrinks to this before slots are given up. */
const smallContext = 2048;

/**
 * How many slots of how many positions fit the budget. What was asked for explicitly is kept; of what was
 * not, the context shrinks first, down to 2,048 positions, then the slots, down to 1.
 *
 * @throws InferenceError `unsupported` when it doesn't fit, with the numbers and `details.contextLength`, the model's
 */
export function planKvCache(request: KvCacheRequest): KvCachePlan {
  const { bytesPerPosition, modelContext, budget } = request;
  if (request.context !== undefined && request.context > modelContext) {
    throw new InferenceError(
      'unsupported',
      `A context of ${request.context} tokens was asked for; the model holds ${modelContext}.`,
      { details: { contextLength: modelContext } },
    );
  }
  const sizeOf = (slots: number, context: number): number =>
    (slots * bytesPerPosition + (request.sharedBytesPerPosition ?? 0)) * context;
  let slots = request.slots ?? defaultSlots;
  const floor = request.context ?? Math.min(smallContext, modelContext);
  while (request.slots === undefined && slots > 1 && sizeOf(slots, floor) > budget) slots--;
  const context = request.context ?? Math.min(modelContext, Math.floor(budget / sizeOf(slots, 1)));
  const least = request.context ?? Math.min(256, modelContext);
  const bytes = sizeOf(slots, context);
  if (bytes > budget || context < least) {
    const needed = Math.ceil(mebibytes(sizeOf(slots, least)));
    throw new InferenceError(
      'unsupported',
      `${slots} slots of ${least} tokens need ${needed} MiB for the KV cache; ${Math.floor(mebibytes(budget))} MiB are free for it. ` +
        'Ask for fewer slots or a smaller context.',
      { details: { contextLength: modelContext } },
    );
  }
  return { context, slots, bytes };
}
