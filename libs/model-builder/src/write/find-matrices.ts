import type { ModelMatrix } from '../model-manifest.js';
import type { OnnxGraph } from './onnx-graph.js';

/** The 8-bit matrices that all of these graphs multiply with, and do nothing else with. */
export function findMatrices(graphs: readonly OnnxGraph[]): readonly ModelMatrix[] {
  const [first, ...others] = graphs.map(matricesOf);
  return [...(first?.values() ?? [])].filter(({ name }) => others.every((matrices) => matrices.has(name)));
}

function matricesOf({ initializers, nodes }: OnnxGraph): ReadonlyMap<string, ModelMatrix> {
  const multiplied = new Set<string>();
  const used = new Set<string>();
  for (const { operator, inputs } of nodes) {
    for (const [at, name] of inputs.entries())
      (operator === 'MatMulIntegerToFloat' && at === 1 ? multiplied : used).add(name);
  }
  const matrices = new Map<string, ModelMatrix>();
  for (const initializer of initializers) {
    const { name, type, shape } = initializer;
    if ('region' in initializer && (type === 'int8' || type === 'uint8') && multiplied.has(name) && !used.has(name))
      matrices.set(name, { name, type, shape, offset: initializer.region.offset });
  }
  return matrices;
}
