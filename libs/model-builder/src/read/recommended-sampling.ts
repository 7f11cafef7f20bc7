import type { RecommendedSampling } from '../model-manifest.js';
import type { GgufMetadata } from './gguf-metadata.js';

/** The metadata's `general.sampling.*`; `undefined` when there is none. */
export function readRecommendedSampling(metadata: GgufMetadata): RecommendedSampling | undefined {
  const read = (name: string): number | undefined => {
    const value = metadata.number(`general.sampling.${name}`);
    return value === undefined ? undefined : Number(value.toPrecision(6));
  };
  const sampling: RecommendedSampling = {
    temperature: read('temp'),
    topK: read('top_k'),
    topP: read('top_p'),
    minP: read('min_p'),
    repetitionPenalty: read('penalty_repeat'),
  };
  return Object.values(sampling).some((value) => value !== undefined) ? sampling : undefined;
}
