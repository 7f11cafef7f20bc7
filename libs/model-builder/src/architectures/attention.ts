import type { GraphBuilder } from '../write/graph-builder.js';
import type { ModelShape } from './model-shape.js';
import type { RotaryTables } from './rotary-tables.js';
import type { TokenRows } from './token-rows.js';

/**
 * What a graph is for.
 *
 * - `both`: reads and writes over a float32 cache.
 * - `write`: over the 8-bit cache, any number of tokens for one row of the batch or one token for several.
 * - `read`: reads prompts over a float32 copy of one row of the 8-bit cache, which holds the very numbers that the
 *   8-bit cache stands for, and gives the new keys and values as 8-bit numbers.
 */
export type GraphRole = 'both' | 'read' | 'write';

/** The scales of an 8-bit cache, `[kvHeads · headSize]` float32 for each: in the data file under this name. */
export const cacheScaleName = (layer: number, kind: 'key' | 'value'): string => `cache.${layer}.${kind}.scale`;

export interface AttentionOptions {
  readonly shape: ModelShape;
  readonly role: GraphRole;
  readonly layer: number;
  readonly rows: TokenRows;
  readonly rotary: RotaryTables;
}

/**
 * Attention of one layer, `[batch · sequence, (heads + 2 · kvHeads) · headSize]` → `[batch · sequence, heads · headSize]`.
 * It adds the cache's inputs and outputs to the graph, `past_key_values.N.key` and so on.
 */
export function addAttention(graph: GraphBuilder, options: AttentionOptions, packed: string): string {
  const { shape, role, layer, rows } = options;
  const name = `blk.${layer}.attention`;
  const attended =
    role === 'read' ? addReading(graph, options, name, packed) : addInPlace(graph, options, name, packed);
  return rows.flatten(`${name}_rows`, attended, shape.heads * shape.headSize);
}

function addInPlace(
  graph: GraphBuilder,
  { shape, role, layer, rows, rotary }: AttentionOptions,
  name: string,
  packed: string,
): string {
  const { heads, kvHeads, headSize } = shape;
  const isInt8 = role === 'write';
  const cache = addCache(graph, shape, layer, isInt8 ? 'int8' : 'float32');
  const scales = isInt8
    ? ['', '', '', ...kinds.map((kind) => addScale(graph, layer, kind, [kvHeads, 1, headSize]))]
    : [];
  graph.nodes(
    'GroupQueryAttention',
    [name, ...cache.present],
    [
      rows.unflatten(`${name}.packed`, packed, (heads + 2 * kvHeads) * headSize),
      '',
      '',
      ...cache.past,
      ...lengths(graph),
      rotary.cos,
      rotary.sin,
      ...scales,
    ],
    {
      num_heads: heads,
      kv_num_heads: kvHeads,
      do_rotary: 1,
      rotary_interleaved: 0,
      ...(isInt8 ? { kv_cache_bit_width: 8, k_quant_type: 'PER_CHANNEL', v_quant_type: 'PER_CHANNEL' } : {}),
    },
    'com.microsoft',
  );
  return name;
}

/**
 * Keys and values are rounded to what the 8-bit cache can hold before anything attends to them. (1) Divided by their
 * channels' scales first: ONNX Runtime rounds with one scale for all 20 times as fast as with one for each channel.
 */
function addReading(
  graph: GraphBuilder,
  { shape, layer, rows, rotary }: AttentionOptions,
  name: string,
  packed: string,
): string {
  const { heads, kvHeads, headSize, rotarySize } = shape;
  const sizes = graph.constant(
    'attention.sizes',
    'int64',
    [3],
    BigInt64Array.from([heads, kvHeads, kvHeads], (count) => BigInt(count * headSize)),
  );
  const split = ['query', 'key', 'value'].map((part) => `${name}.${part}`);
  graph.nodes(
    'Split',
    split,
    [rows.unflatten(`${name}.packed`, packed, (heads + 2 * kvHeads) * headSize), sizes],
    { axis: -1 },
    '',
  );
  const first = graph.input({ name: 'first_position', type: 'int64', shape: [1] });
  const rotate = (value: string, count: number): string =>
    graph.node(
      'RotaryEmbedding',
      `${value}.rotated`,
      [value, first, rotary.cos, rotary.sin],
      {
        interleaved: 0,
        ...(rotarySize === headSize ? {} : { num_heads: count, rotary_embedding_dim: rotarySize }),
      },
      'com.microsoft',
    );
  const [query, key, value] = split as [string, string, string];
  const perHead = graph.constant(
    'attention.per_head',
    'int64',
    [3],
    BigInt64Array.of(-1n, BigInt(kvHeads), BigInt(headSize)),
  );
  const one = graph.constant('cache.one', 'float32', [], Float32Array.of(1));
  const zero = graph.constant('cache.zero', 'int8', [], Int8Array.of(0));
  const rounded = [rotate(key, kvHeads), value].map((values, index) => {
    const kind = kinds[index] as CacheKind;
    const scale = addScale(graph, layer, kind, [kvHeads * headSize]);
    const units = graph.node('Div', `${values}.units`, [values, scale]); // (1)
    const small = graph.node('QuantizeLinear', `${values}.int8`, [units, one, zero]);
    const byPosition = graph.node('Reshape', `${values}.by_position`, [small, perHead]);
    const output = graph.output({
      name: `new_${kind}s.${layer}`,
      type: 'int8',
      shape: [kvHeads, 'sequence', headSize],
    });
    graph.node('Transpose', output, [byPosition], { perm: [1, 0, 2] });
    const whole = graph.node('DequantizeLinear', `${values}.whole`, [small, one, zero]);
    return graph.node('Mul', `${values}.rounded`, [whole, scale]);
  });
  const cache = addCache(graph, shape, layer, 'float32');
  graph.nodes(
    'GroupQueryAttention',
    [name, ...cache.present],
    [rotate(query, heads), ...rounded, ...cache.past, ...lengths(graph)],
    { num_heads: heads, kv_num_heads: kvHeads },
    'com.microsoft',
  );
  return name;
}

const kinds = ['key', 'value'] as const;
type CacheKind = (typeof kinds)[number];

function lengths(graph: GraphBuilder): string[] {
  return [
    graph.input({ name: 'seqlens_k', type: 'int32', shape: ['batch'] }),
    graph.input({ name: 'total_sequence_length', type: 'int32', shape: [] }),
  ];
}

function addCache(graph: GraphBuilder, { kvHeads, headSize }: ModelShape, layer: number, type: 'int8' | 'float32') {
  const shape = ['batch', kvHeads, 'positions', headSize];
  return {
    past: kinds.map((kind) => graph.input({ name: `past_key_values.${layer}.${kind}`, type, shape })),
    present: kinds.map((kind) => graph.output({ name: `present_key_values.${layer}.${kind}`, type, shape })),
  };
}

/** A channel's scale, written after the weights, once calibration has found it. */
function addScale(graph: GraphBuilder, layer: number, kind: CacheKind, shape: readonly number[]): string {
  return graph.initializer(cacheScaleName(layer, kind), 'float32', shape).name;
}
