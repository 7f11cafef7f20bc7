import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile, TensorInfo } from '../read/gguf-file.js';

/** The sizes of a decoder-only transformer with rotary positions, read from a file's metadata and checked. */
export interface ModelShape {
  readonly architecture: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Numbers of one head's query, key or value. */
  readonly headSize: number;
  /** How many of them, the first ones, are rotated. */
  readonly rotarySize: number;
  readonly rotaryBase: number;
  /** Positions are divided by this: linear scaling. 1 when there is none. */
  readonly rotaryScale: number;
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly vocabularySize: number;
  /** Positions that are computed: the file's, `longestContext` at most. */
  readonly contextLength: number;
  readonly epsilon: number;
}

const limits = { layers: 1024, heads: 1024, headSize: 1024, size: 1 << 20, contextLength: 1 << 30 };

/**
 * Most positions of any model, however many its file announces. The rotary tables hold a row for each, 512 bytes for heads
 * of 128 numbers, so 134 MB; reading a text as long takes a processor hours.
 */
export const longestContext = 1 << 18;

/**
 * @throws ModelBuildError `invalid_gguf` when a size is missing or impossible, `unsupported_architecture` when the
 *   model is of a variant that has no graph: experts, positions scaled other than linearly
 */
export function readModelShape(file: GgufFile, architecture: string): ModelShape {
  const { metadata, label } = file;
  const key = (name: string): string => `${architecture}.${name}`;
  const size = (name: string, largest: number, fallback?: number): number => {
    const value = metadata.integer(key(name)) ?? fallback;
    if (value === undefined) throw new ModelBuildError('invalid_gguf', `${label}: ${key(name)} is missing`);
    if (value < 1 || value > largest) throw new ModelBuildError('invalid_gguf', `${label}: ${key(name)} is ${value}`);
    return value;
  };

  refuseVariants(file, key);
  const hiddenSize = size('embedding_length', limits.size);
  const heads = size('attention.head_count', limits.heads);
  const kvHeads = size('attention.head_count_kv', limits.heads, heads);
  const headSize = size('attention.key_length', limits.headSize, Math.floor(hiddenSize / heads));
  const valueSize = size('attention.value_length', limits.headSize, headSize);
  const rotarySize = size('rope.dimension_count', limits.headSize, headSize);
  if (heads % kvHeads !== 0) {
    throw new ModelBuildError('invalid_gguf', `${label}: ${heads} query heads cannot share ${kvHeads} key heads`);
  }
  if (valueSize !== headSize || headSize % 8 !== 0 || rotarySize % 8 !== 0 || rotarySize > headSize) {
    throw new ModelBuildError(
      'unsupported_architecture',
      `${label}: heads with ${headSize} key, ${valueSize} value and ${rotarySize} rotary dimensions are not supported`,
    );
  }
  return {
    architecture,
    layers: size('block_count', limits.layers),
    heads,
    kvHeads,
    headSize,
    rotarySize,
    rotaryBase: positive(file, key('rope.freq_base'), 10_000),
    rotaryScale: readRotaryScale(file, key),
    hiddenSize,
    feedForwardSize: size('feed_forward_length', limits.size),
    vocabularySize: findTensor(file, 'token_embd.weight').rows,
    contextLength: Math.min(size('context_length', limits.contextLength), longestContext),
    epsilon: positive(file, key('attention.layer_norm_rms_epsilon'), 1e-5),
  };
}

/**
 * A tensor that must be there, with the shape that it must have.
 * @throws ModelBuildError `invalid_gguf`
 */
export function findTensor(file: GgufFile, name: string, rows?: number, columns?: number): TensorInfo {
  const tensor = file.tensors.get(name);
  if (!tensor) throw new ModelBuildError('invalid_gguf', `${file.label}: the tensor ${name} is missing`);
  if (tensor.rows !== (rows ?? tensor.rows) || tensor.columns !== (columns ?? tensor.columns)) {
    throw new ModelBuildError(
      'invalid_gguf',
      `${file.label}: ${name} has ${tensor.rows} rows of ${tensor.columns}, expected ${rows ?? tensor.rows} of ${columns ?? tensor.columns}`,
    );
  }
  return tensor;
}

function refuseVariants({ metadata, label }: GgufFile, key: (name: string) => string): void {
  if ((metadata.integer(key('expert_count')) ?? 0) > 0) {
    throw new ModelBuildError('unsupported_architecture', `${label}: mixtures of experts are not supported`);
  }
  const parts = metadata.integer('split.count') ?? 1;
  if (parts > 1) {
    throw new ModelBuildError(
      'unsupported_architecture',
      `${label}: is one of ${parts} parts; join them with 'llama-gguf-split --merge'`,
    );
  }
}

function readRotaryScale(file: GgufFile, key: (name: string) => string): number {
  const { metadata, label } = file;
  const type = metadata.text(key('rope.scaling.type'));
  if (type === 'none') return 1;
  if (type !== undefined && type !== 'linear') {
    throw new ModelBuildError(
      'unsupported_architecture',
      `${label}: rotary scaling of type '${type}' is not supported`,
    );
  }
  const older = positive(file, key('rope.scale_linear'), 1);
  return positive(file, key('rope.scaling.factor'), older);
}

function positive({ metadata, label }: GgufFile, key: string, fallback: number): number {
  const value = metadata.number(key) ?? fallback;
  if (!(value > 0)) throw new ModelBuildError('invalid_gguf', `${label}: ${key} is ${value}`);
  return value;
}
