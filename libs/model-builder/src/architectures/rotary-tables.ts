import type { GgufFile } from '../read/gguf-file.js';
import { readVector } from '../read/read-vector.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { ModelShape } from './model-shape.js';
import { findTensor } from './model-shape.js';

/** The names of the tables in a graph, each `[contextLength, rotarySize / 2]`. */
export interface RotaryTables {
  readonly cos: string;
  readonly sin: string;
}

export function addRotaryTables(graph: GraphBuilder, file: GgufFile, shape: ModelShape): RotaryTables {
  const { contextLength: rows, rotarySize, rotaryBase: base, rotaryScale: scale } = shape;
  const divisors = readRotaryDivisors(file, shape);
  const add = (of: 'cos' | 'sin'): string => {
    const { name, region: values } = graph.initializer(`rotary.${of}`, 'float32', [rows, rotarySize / 2]);
    graph.write({ kind: 'rotary', name, values, table: { of, rows, rotarySize, base, scale, divisors } });
    return name;
  };
  return { cos: add('cos'), sin: add('sin') };
}

function readRotaryDivisors(file: GgufFile, shape: ModelShape): Float32Array | undefined {
  if (!file.tensors.has('rope_freqs.weight')) return undefined;
  return readVector(file, findTensor(file, 'rope_freqs.weight', 1, shape.rotarySize / 2));
}
