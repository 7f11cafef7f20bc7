import type { ProcessHooks, TraceSink } from '@mcli/inference';
import { mebibytes } from '@mcli/inference';
import { LocalModelStore, loadOnnxRunner } from '@mcli/inference/onnx';
import type { EngineArguments } from './engine-arguments.js';
import { preparationProgress } from './preparation-progress.js';
import type { StartedEngine } from './started-engine.js';

/**
 * Loads a model into ONNX Runtime, and builds it from its GGUF file before where that was not done yet.
 *
 * @throws ModelBuildError, InferenceError, OrtError
 */
export async function startOnnxEngine(
  { model, buildsDirectory, slots, context, threads, kvCacheBytes }: EngineArguments,
  hooks: ProcessHooks,
  trace: TraceSink | undefined,
): Promise<StartedEngine> {
  const store = new LocalModelStore({ models: [model], directory: buildsDirectory, threads });
  await store.prune({ onDelete: (folder, reason) => hooks.report({ deleted_build: folder, reason }) });
  const { path: directory } = await hooks.finishOrUndo((signal) =>
    store.resolve(model.id, { signal, onProgress: preparationProgress(model.id, hooks.progress) }),
  );
  hooks.progress({ phase: `Loading ${model.id}` });
  const runner = await loadOnnxRunner({
    id: model.id,
    directory,
    slots,
    context,
    threads,
    kvCacheBytes,
    trace,
    recommendedSampling: model.recommendedSampling,
    onFallback: (reason) => hooks.progress({ phase: reason }),
    onWarning: hooks.warn,
  });
  return {
    runner,
    facts: {
      engine: 'onnx',
      version: runner.runtimeVersion,
      package: 'onnxruntime-node',
      slots: runner.slots,
      context: runner.card.contextLength,
      kv_cache_mb: Math.ceil(mebibytes(runner.cacheBytes)),
      cache_type: runner.cacheType,
    },
  };
}
