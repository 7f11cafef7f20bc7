import type { RecommendedSampling } from '../model-manifest.js';
import type { GgufMetadata } from './gguf-metadata.js';
import type { OnWarning } from './on-warning.js';

/**
 * The metadata's `general.sampling.*`; `undefined` when nothing there can be followed. It is advice from many
 * converters: what means "off" elsewhere (top k of 0 or less, top p of 1 or more, min p of 0 or less) is off, and what
 * is no number or out of range is left out, so that requests that say nothing of sampling can always be served. Each
 * value that isn't taken as it stands is a warning.
 */
export function readRecommendedSampling(metadata: GgufMetadata, onWarning: OnWarning): RecommendedSampling | undefined {
  const read = (
    name: string,
    isUsable: (value: number) => boolean,
    limit: (value: number) => number = Number,
  ): number | undefined => {
    const key = `general.sampling.${name}`;
    const value = metadata.get(key);
    if (value === undefined) return undefined;
    const number = typeof value === 'number' ? Number(value.toPrecision(6)) : NaN;
    const limited = limit(number);
    if (!Number.isFinite(number) || !isUsable(limited)) {
      const words =
        typeof value === 'number' ? String(number) : typeof value === 'bigint' ? String(value) : 'no number';
      onWarning(`${key} is ${words}, which can't be followed: it is left out.`);
      return undefined;
    }
    if (limited !== number) onWarning(`${key} is ${number}: it is taken for off.`);
    return limited;
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
