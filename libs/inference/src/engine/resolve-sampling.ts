import type { SamplingOptions } from '../contract.js';

/**
 * What a request's sampling is laid upon. The model's recommendation counts when the request says nothing of how
 * to choose (temperature, top k, top p, min p); a seed, a bias or a penalty alone doesn't switch it off.
 */
export function resolveSampling(
  requested: SamplingOptions | undefined,
  recommended: SamplingOptions | undefined,
): SamplingOptions {
  const named = Object.fromEntries(Object.entries(requested ?? {}).filter(([, value]) => value !== undefined));
  const chooses = ['temperature', 'topK', 'topP', 'minP'].some((name) => name in named);
  return chooses ? named : { ...recommended, ...named };
}
