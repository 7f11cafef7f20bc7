import { ModelBuildError } from '../model-build-error.js';
import { dequantize } from '../passes/dequantize.js';
import { rotaryRows } from '../passes/rotary-rows.js';
import type { WeightPart } from '../passes/weight.js';
import type { GgufFile, TensorInfo } from '../read/gguf-file.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import { addMatrix, addVector, lookUp, multiply } from './linear.js';
import type { ModelShape } from './model-shape.js';
import { findTensor } from './model-shape.js';
import { rotaryTable } from './rotary-tables.js';
import { TokenRows } from './token-rows.js';

/** What tells one member of the family from another. */
export interface LlamaTraits {
  /** How the file stores the rows of q and k that are rotated together. */
  readonly rotaryPairs: 'side by side' | 'in halves';
}

/**
 * The graph of the Llama family: pre-norm, grouped-query attention with rotary positions, gated feed-forward.
 *
 * (1) Outside attention every token is a row of one matrix: a matmul over `[batch, 1, …]` would be computed as `batch`
 * matmuls of one row, slower and rounded otherwise than one of `batch` rows. (2) Attention keeps its cache in the
 * buffers bound as past and present. (3) What only the wanted logits need, from the last layer's projection on, is
 * computed for the rows in `logit_positions` alone.
 */
export async function buildLlama(
  graph: GraphBuilder,
  file: GgufFile,
  shape: ModelShape,
  traits: LlamaTraits,
): Promise<void> {
  const tokens = graph.input({ name: 'input_ids', type: 'int64', shape: ['batch', 'sequence'] });
  const seen = graph.input({ name: 'seqlens_k', type: 'int32', shape: ['batch'] });
  const total = graph.input({ name: 'total_sequence_length', type: 'int32', shape: [] });
  const wanted = graph.input({ name: 'logit_positions', type: 'int64', shape: ['rows', 2] });
  graph.output({ name: 'logits', type: 'float32', shape: ['rows', shape.vocabularySize] });
  const rotary = await addRotaryTables(graph, file, shape);
  const norm = (name: string): string => addVector(graph, name, [{ tensor: vector(file, name, shape.hiddenSize) }]);

  const embedding = addMatrix(graph, 'token_embd.weight', [
    { tensor: findTensor(file, 'token_embd.weight', shape.vocabularySize, shape.hiddenSize) },
  ]);
  const rows = new TokenRows(graph, tokens);
  let residual = lookUp(graph, 'embedding', rows.flatten('token_rows', tokens), embedding); // (1)
  let branch: string | undefined;

  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`;
    const before = addNorm(
      graph,
      `${block}.attention_input`,
      residual,
      branch,
      norm(`${block}.attn_norm.weight`),
      shape,
    );
    residual = before.sum;
    const control = [seen, total, ...rotary];
    const attended = addAttention(graph, file, shape, traits, block, layer, rows, before.normed, control); // (2)
    let attention = rows.flatten(`${block}.attention_rows`, attended, shape.heads * shape.headSize);
    if (layer === shape.layers - 1) {
      const gather = (name: string, value: string): string =>
        // (3)
        graph.node('GatherND', `${name}_wanted`, [rows.unflatten(`${name}_sequences`, value), wanted]);
      attention = gather(`${block}.attention`, attention);
      residual = gather(`${block}.residual`, residual);
    }
    const projected = addLinear(
      graph,
      file,
      `${block}.attn_output`,
      attention,
      shape.hiddenSize,
      shape.heads * shape.headSize,
    );
    const after = addNorm(graph, `${block}.ffn_input`, residual, projected, norm(`${block}.ffn_norm.weight`), shape);
    residual = after.sum;
    branch = addFeedForward(graph, file, shape, block, after.normed);
  }

  const last = addNorm(graph, 'head_input', residual, branch, norm('output_norm.weight'), shape);
  const head = file.tensors.has('output.weight')
    ? addMatrix(graph, 'output.weight', [
        { tensor: findTensor(file, 'output.weight', shape.vocabularySize, shape.hiddenSize) },
      ])
    : embedding;
  multiply(graph, 'logits', last.normed, head);
}

function addAttention(
  graph: GraphBuilder,
  file: GgufFile,
  shape: ModelShape,
  traits: LlamaTraits,
  block: string,
  layer: number,
  rows: TokenRows,
  input: string,
  control: readonly string[],
): string {
  const { heads, kvHeads, headSize, rotarySize, hiddenSize } = shape;
  const rotated = (name: string, count: number): Part => ({
    name,
    rows: count * headSize,
    order:
      traits.rotaryPairs === 'side by side'
        ? { size: headSize, to: rotaryRows(count, headSize, rotarySize) }
        : undefined,
  });
  const parts = [
    rotated(`${block}.attn_q`, heads),
    rotated(`${block}.attn_k`, kvHeads),
    { name: `${block}.attn_v`, rows: kvHeads * headSize },
  ];
  const projected = addStackedLinear(graph, file, `${block}.attn_qkv`, input, parts, hiddenSize);
  const packed = rows.unflatten(`${block}.attn_qkv_sequences`, projected);
  const cache = ['key', 'value'].map((kind) => {
    const shapeOfCache = ['batch', kvHeads, 'positions', headSize];
    const past = graph.input({ name: `past_key_values.${layer}.${kind}`, type: 'float32', shape: shapeOfCache });
    const present = graph.output({ name: `present_key_values.${layer}.${kind}`, type: 'float32', shape: shapeOfCache });
    return { past, present };
  });
  const output = `${block}.attention`;
  graph.nodes(
    'GroupQueryAttention',
    [output, ...cache.map(({ present }) => present)],
    [packed, '', '', ...cache.map(({ past }) => past), ...control],
    { num_heads: heads, kv_num_heads: kvHeads, do_rotary: 1, rotary_interleaved: 0 },
    'com.microsoft',
  );
  return output;
}

function addFeedForward(graph: GraphBuilder, file: GgufFile, shape: ModelShape, block: string, input: string): string {
  const { hiddenSize, feedForwardSize } = shape;
  const gate = addLinear(graph, file, `${block}.ffn_gate`, input, feedForwardSize, hiddenSize);
  const up = addLinear(graph, file, `${block}.ffn_up`, input, feedForwardSize, hiddenSize);
  const active = graph.node('QuickGelu', `${block}.ffn_active`, [gate], { alpha: { float: 1 } }, 'com.microsoft');
  const gated = graph.node('Mul', `${block}.ffn_gated`, [active, up]);
  return addLinear(graph, file, `${block}.ffn_down`, gated, hiddenSize, feedForwardSize);
}

/** Adds a branch to the stream and normalises the sum. */
function addNorm(
  graph: GraphBuilder,
  name: string,
  stream: string,
  branch: string | undefined,
  weight: string,
  shape: ModelShape,
): { readonly normed: string; readonly sum: string } {
  const epsilon = { float: shape.epsilon };
  if (branch === undefined) {
    const normed = graph.node('SimplifiedLayerNormalization', name, [stream, weight], {
      axis: -1,
      epsilon,
      stash_type: 1,
    });
    return { normed, sum: stream };
  }
  const sum = `${name}.sum`;
  graph.nodes(
    'SkipSimplifiedLayerNormalization',
    [name, '', '', sum],
    [stream, branch, weight],
    { epsilon },
    'com.microsoft',
  );
  return { normed: name, sum };
}

interface Part {
  readonly name: string;
  readonly rows: number;
  readonly order?: WeightPart['order'];
}

function addLinear(
  graph: GraphBuilder,
  file: GgufFile,
  name: string,
  input: string,
  rows: number,
  columns: number,
): string {
  return addStackedLinear(graph, file, name, input, [{ name, rows }], columns);
}

/** Several matrices below each other as one, with their biases when the file has them. */
function addStackedLinear(
  graph: GraphBuilder,
  file: GgufFile,
  name: string,
  input: string,
  parts: readonly Part[],
  columns: number,
): string {
  const matrix = addMatrix(
    graph,
    `${name}.weight`,
    parts.map((part) => ({ tensor: findTensor(file, `${part.name}.weight`, part.rows, columns), order: part.order })),
  );
  if (!parts.some((part) => file.tensors.has(`${part.name}.bias`))) return multiply(graph, name, input, matrix);
  const bias = addVector(
    graph,
    `${name}.bias`,
    parts.map((part) => ({ tensor: asColumn(vector(file, `${part.name}.bias`, part.rows)), order: part.order })),
  );
  return graph.node('Add', name, [multiply(graph, `${name}.product`, input, matrix), bias]);
}

function vector(file: GgufFile, name: string, size: number): TensorInfo {
  return findTensor(file, name, 1, size);
}

/** A vector as a matrix with one column, so that its numbers can be ordered like rows. */
function asColumn(tensor: TensorInfo): TensorInfo {
  const { name, format, columns } = tensor;
  if (format.blockSize !== 1) {
    throw new ModelBuildError(
      'unsupported_tensor_type',
      `${name} is stored as ${format.name}, which is not read for biases`,
    );
  }
  return { ...tensor, rows: columns, columns: 1, rowBytes: format.blockBytes };
}

async function addRotaryTables(graph: GraphBuilder, file: GgufFile, shape: ModelShape): Promise<readonly string[]> {
  const rows = shape.contextLength;
  const columns = shape.rotarySize / 2;
  const divisors = await readRotaryDivisors(file, shape);
  return (['cos', 'sin'] as const).map((kind) => {
    const { name, region: values } = graph.initializer(`rotary.${kind}`, 'float32', [rows, columns]);
    const compute = (first: number, count: number) => rotaryTable(shape, Math[kind], divisors, first, count);
    graph.write({ kind: 'computed', name, values, rows, columns, compute });
    return name;
  });
}

async function readRotaryDivisors(file: GgufFile, shape: ModelShape): Promise<Float32Array | undefined> {
  if (!file.tensors.has('rope_freqs.weight')) return undefined;
  const tensor = vector(file, 'rope_freqs.weight', shape.rotarySize / 2);
  const bytes = new Uint8Array(tensor.byteLength);
  await file.read(bytes, tensor.offset);
  const divisors = new Float32Array(tensor.columns);
  dequantize(tensor.format.name, bytes, divisors);
  return divisors;
}
