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

export async function addRotaryTables(graph: GraphBuilder, file: GgufFile, shape: ModelShape): Promise<RotaryTables> {
  const rows = shape.contextLength;
  const columns = shape.rotarySize / 2;
  const divisors = await readRotaryDivisors(file, shape);
  const add = (kind: 'cos' | 'sin'): string => {
    const { name, region: values } = graph.initializer(`rotary.${kind}`, 'float32', [rows, columns]);
    const compute = (first: number, count: number) => rotaryTable(shape, Math[kind], divisors, first, count);
    graph.write({ kind: 'computed', name, values, rows, columns, compute });
    return name;
  };
  return { cos: add('cos'), sin: add('sin') };
}

async function readRotaryDivisors(file: GgufFile, shape: ModelShape): Promise<Float32Array | undefined> {
  if (!file.tensors.has('rope_freqs.weight')) return undefined;
  return readVector(file, findTensor(file, 'rope_freqs.weight', 1, shape.rotarySize / 2));
}

/**
 * Cosine or sine of the angles of `count` positions from `first` on, `[count, rotarySize / 2]`: position ÷ scale ×
 * base^(-2i/rotarySize). `divisors` slow single frequencies down, as Llama 3.1's `rope_freqs.weight` does.
 */
function rotaryTable(
  shape: ModelShape,
  of: (angle: number) => number,
  divisors: Float32Array | undefined,
  first: number,
  count: number,
): Float32Array {
  const half = shape.rotarySize / 2;
  const table = new Float32Array(count * half);
  for (let i = 0; i < half; i++) {
    const frequency = shape.rotaryBase ** ((-2 * i) / shape.rotarySize) / shape.rotaryScale / (divisors?.[i] ?? 1);
    for (let row = 0; row < count; row++) table[row * half + i] = of((first + row) * frequency);
  }
  return table;
}
