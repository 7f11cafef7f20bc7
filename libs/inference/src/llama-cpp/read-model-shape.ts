import type { GgufHeader } from '@mcli/model-builder';

/** What a GGUF file's metadata says of the memory that its model takes. */
export interface ModelShape {
  readonly layers: number;
  /** Positions that it was trained for. */
  readonly contextLength: number;
  /** Numbers that a position's keys and values are, of all layers together. 0 for models that keep a state instead. */
  readonly numbersPerPosition: number;
  /** Numbers in the rows of keys and values, all of which must be multiples of 32 for 8-bit caches. */
  readonly rowSizes: readonly number[];
  /** Bytes of the weights of each layer, by its number; what belongs to none is under -1. */
  readonly layerBytes: ReadonlyMap<number, number>;
}

/**
 * Reads it from the file's head alone. Keys as in
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; where a file leaves one out, llama.cpp's defaults count.
 */
export function readModelShape({ metadata, tensors }: GgufHeader): ModelShape {
  const architecture = metadata.text('general.architecture') ?? '';
  const integer = (key: string): number | undefined => numberOf(metadata.get(`${architecture}.${key}`));
  const layers = integer('block_count') ?? 0;
  const heads = listOf(metadata.get(`${architecture}.attention.head_count`), layers);
  const kvHeads = listOf(metadata.get(`${architecture}.attention.head_count_kv`), layers) ?? heads ?? [];
  const headSize = (integer('embedding_length') ?? 0) / Math.max(1, ...(heads ?? []));
  const keys = integer('attention.key_length') ?? headSize;
  const values = integer('attention.value_length') ?? headSize;
  const hasState = tensors.some(({ name }) => /\.ssm_|\.time_mix_/.test(name));
  const hasAttention = tensors.some(({ name }) => /\.attn_(k|v|qkv|kv_a_mqa|kv_b)\.weight$/.test(name));
  const perLayer = hasState && !hasAttention ? [] : kvHeads;
  return {
    layers,
    contextLength: integer('context_length') ?? 0,
    numbersPerPosition: perLayer.reduce((sum, count) => sum + count * (keys + values), 0),
    rowSizes: [
      ...new Set(perLayer.filter((count) => count > 0).flatMap((count) => [count * keys, count * values, keys])),
    ],
    layerBytes: sumByLayer(tensors),
  };
}

function sumByLayer(tensors: GgufHeader['tensors']): ReadonlyMap<number, number> {
  const bytes = new Map<number, number>();
  for (const { name, byteLength } of tensors) {
    const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
    bytes.set(layer, (bytes.get(layer) ?? 0) + byteLength);
  }
  return bytes;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** One number for each layer: some files have a list, most have one for all. */
function listOf(value: unknown, layers: number): readonly number[] | undefined {
  if (typeof value === 'number') return new Array<number>(layers).fill(value);
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? (value as number[]) : undefined;
}
