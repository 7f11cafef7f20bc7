import { encodeModel } from '../onnx-model.js';
import type { ExternalTensor, OnnxNode, OnnxValue } from '../onnx-model.js';

const rows = (name: string): OnnxValue => ({ name, type: 'float32', dims: ['rows', 2] });

/** `sum = a + b`, all float32 `[rows, 2]`. */
export const addModel = (): Uint8Array =>
  encodeModel({
    inputs: [rows('a'), rows('b')],
    outputs: [rows('sum')],
    nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] }],
  });

/** `sum = a + weight` for a float32 weight `[2]` that stands in a file of its own. */
export const externalModel = (location: string): Uint8Array =>
  encodeModel({
    inputs: [rows('a')],
    outputs: [rows('sum')],
    initializers: { weight: { type: 'float32', dims: [2], location } },
    nodes: [{ op: 'Add', inputs: ['a', 'weight'], outputs: ['sum'] }],
  });

/** `copy = Identity(value)` of any type and shape. */
export const identityModel = (type: OnnxValue['type'], dims: OnnxValue['dims']): Uint8Array =>
  encodeModel({
    inputs: [{ name: 'value', type, dims }],
    outputs: [{ name: 'copy', type, dims }],
    nodes: [{ op: 'Identity', inputs: ['value'], outputs: ['copy'] }],
  });

/** `last = value · identity^steps` for a square float32 matrix: as slow as wanted, and its result is its input. */
export function chainModel(size: number, steps: number): Uint8Array {
  const value = (name: string): OnnxValue => ({ name, type: 'float32', dims: [size, size] });
  const nodes: OnnxNode[] = Array.from({ length: steps }, (_, i) => ({
    op: 'MatMul',
    inputs: [i === 0 ? 'value' : `step${i - 1}`, 'factor'],
    outputs: [i === steps - 1 ? 'last' : `step${i}`],
  }));
  return encodeModel({ inputs: [value('value'), value('factor')], outputs: [value('last')], nodes });
}

/** The unit matrix, as `chainModel`'s factor. */
export function unitMatrix(size: number): Float32Array {
  const data = new Float32Array(size * size);
  for (let i = 0; i < size; i += 1) data[i * size + i] = 1;
  return data;
}

/** `count` sums of two numbers: `sum<i> = a<i> + b<i>`, to see what many bindings cost. */
export function manyModel(count: number): Uint8Array {
  const names = (prefix: string): OnnxValue[] =>
    Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}`, type: 'float32', dims: [2] }));
  return encodeModel({
    inputs: [...names('a'), ...names('b')],
    outputs: names('sum'),
    nodes: Array.from({ length: count }, (_, i) => ({ op: 'Add', inputs: [`a${i}`, `b${i}`], outputs: [`sum${i}`] })),
  });
}

/** Shape of `attentionModel`: one head of the key and value for two of the query. */
export const attention = { heads: 2, kvHeads: 1, headSize: 8 } as const;

/** One grouped query attention over a cache of any number of positions, which may be appended to in place. */
export function attentionModel(): Uint8Array {
  const { heads, kvHeads, headSize } = attention;
  const cache = (name: string): OnnxValue => ({
    name,
    type: 'float32',
    dims: ['batch', kvHeads, `${name}_positions`, headSize],
  });
  const stream = (name: string, width: number): OnnxValue => ({
    name,
    type: 'float32',
    dims: ['batch', 'tokens', width * headSize],
  });
  return encodeModel({
    inputs: [
      stream('query', heads),
      stream('key', kvHeads),
      stream('value', kvHeads),
      cache('past_key'),
      cache('past_value'),
      { name: 'seqlens_k', type: 'int32', dims: ['batch'] },
      { name: 'total_sequence_length', type: 'int32', dims: [] },
    ],
    outputs: [stream('output', heads), cache('present_key'), cache('present_value')],
    nodes: [
      {
        op: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs: ['query', 'key', 'value', 'past_key', 'past_value', 'seqlens_k', 'total_sequence_length'],
        outputs: ['output', 'present_key', 'present_value'],
        attributes: { num_heads: heads, kv_num_heads: kvHeads },
      },
    ],
  });
}

/** `product = value · matrix` for a constant matrix, which a runtime may pack for its machine. */
export const productModel = (matrix: ExternalTensor): Uint8Array =>
  encodeModel({
    inputs: [{ name: 'value', type: matrix.type, dims: ['rows', matrix.dims[0] ?? 1] }],
    outputs: [{ name: 'product', type: matrix.type, dims: ['rows', matrix.dims[1] ?? 1] }],
    initializers: { matrix },
    nodes: [{ op: 'MatMul', inputs: ['value', 'matrix'], outputs: ['product'] }],
  });
