import type { LlamaCpp } from '@mcli/llama-cpp';
import { importPeers } from '../import-peers.js';

/** The optional peers that running a model on llama.cpp takes. */
export const llamaCppPeers = '@mcli/llama-cpp @mcli/model-builder @mcli/ort';

/**
 * Loads llama.cpp's libraries, once for the process. Without layers for a GPU those for the processor alone, where they are
 * installed: a GPU's driver is not touched then.
 *
 * @param gpuLayers as for `loadLlamaCppRunner`
 * @throws LlamaCppError when they are not installed, don't load or are of another release
 * @throws Error when the optional peer isn't installed, with what to install
 */
export async function loadLlamaCppLibrary(gpuLayers: number | 'auto' = 'auto'): Promise<LlamaCpp> {
  const { loadLlamaCpp, packagesFor } = await importPeers(() => import('@mcli/llama-cpp'), llamaCppPeers);
  return loadLlamaCpp({ packages: gpuLayers === 0 ? [...packagesFor()].reverse() : packagesFor() });
}
