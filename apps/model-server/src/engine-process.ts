// The engine's process: started by `startServer` for each model, so that a crash, a leak or a long
// computation stays here. Speaks with its parent over IPC alone.
import type { ProcessHooks, TraceSink } from '@mcli/inference';
import { createTraceFile, Engine, serveBackendProcess } from '@mcli/inference';
import { loadLlamaCppLibrary } from '@mcli/inference/llama-cpp';
import { chooseEngine, mayTryOnnx, withBothReasons, withLlamaCppsReason } from './choose-engine.js';
import type { EngineName } from './choose-engine.js';
import type { EngineArguments } from './engine-arguments.js';
import type { StartedEngine } from './started-engine.js';

serveBackendProcess(async (given, hooks) => {
  const args = given as EngineArguments;
  const { model, queue, drafts, trace: tracePath } = args;
  const trace = tracePath === undefined ? undefined : createTraceFile(tracePath, { name: model.id });
  const choice = await chooseEngine(args.engine, model, () => loadLlamaCppLibrary(args.gpuLayers));
  const { engine, reason, unavailable } = choice;
  if (unavailable !== undefined) hooks.warn(`ONNX Runtime runs '${model.id}': ${reason}.`);
  const { runner, facts } = await start(engine, args, hooks, trace).catch(async (error: unknown) => {
    if (!mayTryOnnx(args.engine, choice, error)) throw withBothReasons(error, choice);
    const started = await start('onnx', args, hooks, trace).catch((other: unknown) => {
      throw withLlamaCppsReason(other, error);
    });
    hooks.warn(`ONNX Runtime runs '${model.id}': llama.cpp can't read its file: ${error.message}.`);
    return started;
  });
  hooks.report({ ...facts, reason: facts.engine === engine ? reason : "llama.cpp can't read the file" });
  return new Engine(runner, { slots: runner.slots, queue, drafts, trace });
});

/** Only what an engine needs is loaded. */
async function start(
  engine: EngineName,
  args: EngineArguments,
  hooks: ProcessHooks,
  trace: TraceSink | undefined,
): Promise<StartedEngine> {
  if (engine === 'onnx') return (await import('./start-onnx-engine.js')).startOnnxEngine(args, hooks, trace);
  return (await import('./start-llama-cpp-engine.js')).startLlamaCppEngine(args, hooks);
}
