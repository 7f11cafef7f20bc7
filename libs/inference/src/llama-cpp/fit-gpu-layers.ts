import type { Device } from '@mcli/llama-cpp';
import type { ModelShape } from './read-model-shape.js';

/** Bytes of a GPU's free memory that are left to working space and to others. */
const spare = 768 * 2 ** 20;

/**
 * How many of a model's layers fit the GPUs' free memory, with their part of the KV cache. llama.cpp puts the last layers
 * there first, and what comes behind them with the very last one.
 *
 * @param cacheBytes of the KV cache of all layers
 * @returns a number of layers, or all of them
 */
export function fitGpuLayers(devices: readonly Device[], shape: ModelShape, cacheBytes: number): number | 'all' {
  const gpus = devices.filter(({ kind }) => kind === 'gpu' || kind === 'integrated-gpu');
  if (gpus.length === 0) return 0;
  let free = gpus.reduce((sum, { memory }) => sum + Math.max(0, memory.free - spare), 0);
  const cachePerLayer = cacheBytes / Math.max(1, shape.layers);
  let fitting = 0;
  for (let layer = shape.layers - 1; layer >= 0; layer--) {
    free -= (shape.layerBytes.get(layer) ?? 0) + cachePerLayer;
    if (free < 0) return fitting;
    fitting += 1;
  }
  // The embedding's matrix stays with the processor; the one behind the last layer may be as large.
  free -= shape.layerBytes.get(-1) ?? 0;
  return free < 0 ? fitting : 'all';
}
