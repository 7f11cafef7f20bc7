import { totalmem } from 'node:os';
import type { KvCachePlan } from '../engine/plan-kv-cache.js';
import { planKvCache } from '../engine/plan-kv-cache.js';
import { InferenceError } from '../errors.js';
import { mebibytes } from '../mebibytes.js';
import type { ModelShape } from './read-model-shape.js';

/** What a model's keys and values take. */
export interface MemoryPlan {
  readonly plan: KvCachePlan;
  /** Bits of a number: 16, or 8 and a scale for 32 of them. */
  readonly cacheType: 'f16' | 'q8_0';
}

/**
 * Plans the KV cache before anything is loaded: keys and values in 16 bits; in 8 where what was asked for fits only then.
 *
 * @param weightBytes of the model's file or files
 * @param options what was asked for; the rest is what fits
 * @throws InferenceError `unsupported` when it doesn't fit, with the numbers
 */
export function planMemory(
  shape: ModelShape,
  weightBytes: number,
  options: {
    readonly context?: number | undefined;
    readonly slots?: number | undefined;
    readonly kvCacheBytes?: number | undefined;
  },
): MemoryPlan {
  const free = process.availableMemory();
  const planWith = (bytesPerNumber: number): KvCachePlan =>
    planKvCache({
      bytesPerPosition: shape.numbersPerPosition * bytesPerNumber,
      modelContext: shape.contextLength,
      context: options.context,
      slots: options.slots,
      budget: options.kvCacheBytes ?? Math.max(0, Math.min(free / 4, (free - weightBytes) / 2)),
    });
  try {
    return { plan: planWith(2), cacheType: 'f16' };
  } catch (error) {
    const canBeSmaller = shape.rowSizes.every((size) => size % 32 === 0);
    if (!canBeSmaller) throw error;
    return { plan: planWith(34 / 32), cacheType: 'q8_0' };
  }
}

/** @throws InferenceError `unsupported` when the weights are larger than this machine's memory, or this container's */
export function checkWeights(id: string, bytes: number): void {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  if (bytes <= memory) return;
  const [needed, there] = [bytes, memory].map((size) => Math.ceil(mebibytes(size)));
  throw new InferenceError(
    'unsupported',
    `The weights of '${id}' take ${needed} MiB; this machine has ${there} MiB of memory. Take a smaller model, or one in fewer bits.`,
  );
}
