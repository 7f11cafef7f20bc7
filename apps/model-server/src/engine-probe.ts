// Finds out what an engine's library is and which devices it computes on, in a process of its own: `listEngines` starts it.
import { freemem, totalmem } from 'node:os';
import { mebibytes } from '@mcli/inference';
import { loadLlamaCpp } from '@mcli/llama-cpp';
import { loadRuntime } from '@mcli/ort';
import { answerParent } from './ask-process.js';
import type { EngineName } from './choose-engine.js';
import type { FoundEngine } from './list-engines.js';

const find: Readonly<Record<EngineName, () => Promise<FoundEngine>>> = {
  onnx: findOnnxRuntime,
  'llama.cpp': findLlamaCpp,
};

answerParent((engine: EngineName) => find[engine]());

async function findOnnxRuntime(): Promise<FoundEngine> {
  const { version } = await loadRuntime();
  const device = { name: 'CPU', description: 'The processor', kind: 'cpu', ...memory(freemem(), totalmem()) };
  return { version, package: 'onnxruntime-node', devices: [device], unused_packages: [] };
}

async function findLlamaCpp(): Promise<FoundEngine> {
  const library = await loadLlamaCpp();
  return {
    version: library.version,
    package: library.package,
    devices: library.devices().map(({ name, description, kind, memory: { free, total } }) => ({
      name,
      description,
      kind,
      ...memory(free, total),
    })),
    unused_packages: library.unused,
  };
}

function memory(free: number, total: number) {
  return { memory_free_mb: Math.round(mebibytes(free)), memory_total_mb: Math.round(mebibytes(total)) };
}
