import { loadLlamaCppRunner } from '@mcli/inference/llama-cpp';
import { LocalModelStore, loadOnnxRunner } from '@mcli/inference/onnx';
import { builds } from '../paths.mjs';

/**
 * A model on one of our engines. On ONNX Runtime it is built first where that is missing.
 *
 * @param {'onnx' | 'llama.cpp'} engine
 * @param {{ id: string, path: string }} model
 * @param {{ threads: number, context: number, slots: number }} options
 */
export async function loadRunner(engine, model, options) {
  const { id, path } = model;
  if (engine === 'llama.cpp') return (await loadLlamaCppRunner({ id, path, gpuLayers: 0, ...options })).runner;
  return loadOnnxRunner({ id, directory: await buildOnce(model), ...options });
}

/** The folder of the built model; built first where it is missing. */
export async function buildOnce(model) {
  const store = new LocalModelStore({ models: [model], directory: builds });
  return (await store.resolve(model.id)).path;
}
