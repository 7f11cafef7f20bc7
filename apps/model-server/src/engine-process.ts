// The engine's process: started by `startServer` for each model, so that a crash, a leak or a long
// computation stays here. Speaks with its parent over IPC alone.
import { createTraceFile, Engine, mebibytes, serveBackendProcess } from '@mcli/inference';
import { LocalModelStore, loadOnnxRunner } from '@mcli/inference/onnx';
import type { EngineArguments } from './engine-arguments.js';
import { preparationProgress } from './preparation-progress.js';

serveBackendProcess(async (given, hooks) => {
  const { model, buildsDirectory, queue, drafts, trace: tracePath, ...load } = given as EngineArguments;
  const trace = tracePath === undefined ? undefined : createTraceFile(tracePath, { name: model.id });
  const store = new LocalModelStore({ models: [model], directory: buildsDirectory });
  await store.prune({ onDelete: (folder, reason) => hooks.report({ deleted_build: folder, reason }) });
  const { path: directory } = await hooks.finishOrUndo((signal) =>
    store.resolve(model.id, { signal, onProgress: preparationProgress(model.id, hooks.progress) }),
  );
  hooks.progress({ phase: `Loading ${model.id}` });
  const runner = await loadOnnxRunner({
    ...load,
    id: model.id,
    directory,
    trace,
    recommendedSampling: model.recommendedSampling,
    onFallback: (reason) => hooks.progress({ phase: reason }),
    onWarning: hooks.warn,
  });
  const { slots, card, cacheBytes } = runner;
  hooks.report({ slots, context: card.contextLength, kv_cache_mb: Math.ceil(mebibytes(cacheBytes)) });
  return new Engine(runner, { slots: runner.slots, queue, drafts, trace });
});
