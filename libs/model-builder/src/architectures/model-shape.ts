import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile, TensorInfo } from '../read/gguf-file.js';
import type { OnWarning } from '../read/on-warning.js';

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
  /** Positions that are computed: the file's, `longestContext` at most, which is a warning. */
  readonly contextLength: number;
  readonly epsilon: number;
}

const limits = { layers: 1024, heads: 1024, headSize: 1024, size: 1 << 20, contextLength: 1 << 30 };

/**
 * Most positions of any model, however many its file announces. The rotary tables hold a row for each, 512 bytes for heads
 * of 128 numbers, so 134 MB; reading a text as long takes a processor hours.
 */
export const longestContext = 1 << 18;

const usualEpsilon = 1e-5;

/**
 * @throws ModelBuildError `invalid_gguf` when a size is missing or impossible, `unsupported_architecture` when the
 *   model is of a variant that has no graph: experts, positions scaled other than linearly, layers of different sizes
 */
export function readModelShape(file: GgufFile, architecture: string, onWarning: OnWarning): ModelShape {
  const { metadata, label } = file;
  const key = (name: string): string => `${architecture}.${name}`;
  const checked = (name: string, largest: number, value: number | undefined): number => {
    if (value === undefined) throw new ModelBuildError('invalid_gguf', `${label}: ${key(name)} is missing`);
    if (value < 1 || value > largest) throw new ModelBuildError('invalid_gguf', `${label}: ${key(name)} is ${value}`);
    return value;
  };
  const size = (name: string, largest: number, fallback?: number): number =>
    checked(name, largest, metadata.integer(key(name)) ?? fallback);
  const layerSize = (name: string, largest: number, fallback?: number): number =>
    checked(name, largest, sameForAllLayers(file, key(name), onWarning) ?? fallback);

  refuseVariants(file, key);
  const hiddenSize = size('embedding_length', limits.size);
  const heads = layerSize('attention.head_count', limits.heads);
  const kvHeads = layerSize('attention.head_count_kv', limits.heads, heads);
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
  const epsilon = key('attention.layer_norm_rms_epsilon');
  if (metadata.get(epsilon) === undefined) onWarning(`${epsilon} is missing: ${usualEpsilon} is taken.`);
  const contextLength = size('context_length', limits.contextLength);
  if (contextLength > longestContext) {
    onWarning(`${key('context_length')} is ${contextLength}: the most that any model gets here is ${longestContext}.`);
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
    feedForwardSize: layerSize('feed_forward_length', limits.size),
    vocabularySize: findTensor(file, 'token_embd.weight').rows,
    contextLength: Math.min(contextLength, longestContext),
    epsilon: positive(file, epsilon, usualEpsilon),
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

/** A size that some files give once, and some for each layer. */
function sameForAllLayers({ metadata, label }: GgufFile, key: string, onWarning: OnWarning): number | undefined {
  if (!Array.isArray(metadata.get(key))) return metadata.integer(key);
  const [first, ...others] = metadata.numbers(key) ?? [];
  if (first === undefined || !Number.isSafeInteger(first)) {
    throw new ModelBuildError('invalid_gguf', `${label}: ${key} is not an integer`);
  }
  if (others.some((value) => value !== first)) {
    throw new ModelBuildError(
      'unsupported_architecture',
      `${label}: ${key} differs from layer to layer, which is not supported`,
    );
  }
  onWarning(`${key} is a list of ${others.length + 1} equal numbers: ${first} is taken for every layer.`);
  return first;
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
