import { engineTitles } from './choose-engine.js';
import type { EngineFacts } from './engine-facts.js';

/** An engine and where it computes, for a person: `llama.cpp 0.5.0, 32 of 32 layers on Vulkan0`. */
export function describeEngine(
  facts: Pick<EngineFacts, 'engine' | 'version' | 'gpu_layers' | 'layers' | 'gpus'>,
): string {
  const { engine, version, gpu_layers: onGpu = 0, layers = 0, gpus = [] } = facts;
  const name = `${engineTitles[engine]} ${version}`;
  return onGpu > 0 ? `${name}, ${onGpu} of ${layers} layers on ${gpus.join(', ')}` : `${name}, on the CPU`;
}
