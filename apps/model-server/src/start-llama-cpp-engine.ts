import type { ProcessHooks } from '@mcli/inference';
import { mebibytes } from '@mcli/inference';
import { loadLlamaCppRunner } from '@mcli/inference/llama-cpp';
import type { EngineArguments } from './engine-arguments.js';
import type { StartedEngine } from './started-engine.js';

/**
 * Opens a model's GGUF file with llama.cpp: nothing is built or kept.
 *
 * @throws LlamaCppError, ModelBuildError, InferenceError
 */
export async function startLlamaCppEngine(
  { model, slots, context, threads, kvCacheBytes, gpuLayers, drafts, engineLog }: EngineArguments,
  hooks: ProcessHooks,
): Promise<StartedEngine> {
  hooks.progress({ phase: `Loading ${model.id}` });
  const { runner, placement } = await loadLlamaCppRunner({
    id: model.id,
    path: model.path,
    slots,
    context,
    threads,
    kvCacheBytes,
    gpuLayers,
    drafts,
    recommendedSampling: model.recommendedSampling,
    onWarning: hooks.warn,
    ...(engineLog ? { onLog: ({ text }) => hooks.report({ engine_log: text }) } : {}),
  });
  if (Number(gpuLayers) > 0 && placement.gpus.length === 0) {
    hooks.warn(
      `--gpu-layers ${gpuLayers}: no GPU was found ('mcli engine list' shows them); the CPU computes all layers.`,
    );
  }
  return {
    runner,
    facts: {
      engine: 'llama.cpp',
      version: placement.version,
      package: placement.package,
      slots: runner.slots,
      context: runner.card.contextLength,
      kv_cache_mb: Math.ceil(mebibytes(runner.cacheBytes)),
      cache_type: placement.cacheType,
      gpu_layers: placement.gpuLayers,
      layers: placement.layers,
      gpus: placement.gpus,
    },
  };
}
