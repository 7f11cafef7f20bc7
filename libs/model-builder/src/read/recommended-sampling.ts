import type { RecommendedSampling } from '../model-manifest.js';
import type { GgufMetadata } from './gguf-metadata.js';

/**
 * The metadata's `general.sampling.*`; `undefined` when nothing there can be followed. It is advice from many
 * converters: what means "off" elsewhere (top k of 0 or less, top p of 1 or more, min p of 0 or less) is off, and what
 * is no number or out of range is left out, so that requests that say nothing of sampling can always be served.
 */
export function readRecommendedSampling(metadata: GgufMetadata): RecommendedSampling | undefined {
  const read = (
    name: string,
    isUsable: (value: number) => boolean,
    limit: (value: number) => number = Number,
  ): number | undefined => {
    const value = metadata.get(`general.sampling.${name}`);
    if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
    const limited = limit(Number(value.toPrecision(6)));
    return isUsable(limited) ? limited : undefined;
  };
  const sampling: RecommendedSampling = {
    temperature: read('temp', (value) => value >= 0),
    topK: read('top_k', Number.isSafeInteger, (value) => Math.max(0, value)),
    topP: read(
      'top_p',
      (value) => value >= 0,
      (value) => Math.min(1, value),
    ),
    minP: read(
      'min_p',
      (value) => value <= 1,
      (value) => Math.max(0, value),
    ),
    repetitionPenalty: read('penalty_repeat', (value) => value > 0),
  };
  return Object.values(sampling).some((value) => value !== undefined) ? sampling : undefined;
}
