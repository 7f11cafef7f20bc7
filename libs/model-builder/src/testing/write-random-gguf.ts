import { open } from 'node:fs/promises';
import { openGguf } from '../read/gguf-file.js';
import type { MetadataValue } from '../read/gguf-metadata.js';
import { tensorFormats } from '../read/tensor-format.js';
import { toHalfFloat } from './encode-tensor.js';
import { tinyTokenizerMetadata } from './tiny-tokenizer.js';
import type { GgufEntry, GgufTensorPlan, GgufValueType } from './write-gguf.js';
import { encodeGgufHeader, padded } from './write-gguf.js';

export interface RandomGgufOptions {
  readonly layers: number;
  /** A multiple of 256, as `feedForwardSize`. */
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly vocabularySize: number;
  /** @default 8192 */
  readonly contextLength?: number;
  /** The tokenizer's metadata, with `vocabularySize` tokens. @default the tiny tokenizer's, the rest of the tokens unused */
  readonly tokenizer?: Readonly<Record<string, GgufEntry>>;
  /** Another seed, other weights. @default 1 */
  readonly seed?: number;
}

/** 1.07 billion numbers: the shape in which first builds of larger models are measured. */
export const billionShape = {
  layers: 16,
  hiddenSize: 2048,
  feedForwardSize: 8192,
  heads: 32,
  kvHeads: 8,
  vocabularySize: 49_152,
} as const satisfies RandomGgufOptions;

/**
 * Writes a Llama of any size with random weights, stored as llama.cpp's `Q4_K_M` does: Q4_K, and Q6_K for the embedding,
 * which is the head too, and for v and down of half the layers. The same options give the same bytes. It is written tensor
 * by tensor, so memory holds one of them. What the model says makes no sense; how long it takes does.
 */
export async function writeRandomGguf(path: string, options: RandomGgufOptions): Promise<void> {
  const { layers, hiddenSize, feedForwardSize, heads, kvHeads, vocabularySize, contextLength = 8192 } = options;
  const headSize = hiddenSize / heads;
  const plans: GgufTensorPlan[] = [];
  const matrix = (name: string, rows: number, columns: number, finer: boolean): void => {
    plans.push(plan(`${name}.weight`, finer ? 'Q6_K' : 'Q4_K', [columns, rows]));
  };
  const norm = (name: string): void => void plans.push(plan(`${name}.weight`, 'F32', [hiddenSize]));
  matrix('token_embd', vocabularySize, hiddenSize, true);
  norm('output_norm');
  for (let layer = 0; layer < layers; layer++) {
    const block = `blk.${layer}`;
    const finer = hasMoreBits(layer, layers);
    norm(`${block}.attn_norm`);
    norm(`${block}.ffn_norm`);
    matrix(`${block}.attn_q`, hiddenSize, hiddenSize, false);
    matrix(`${block}.attn_k`, kvHeads * headSize, hiddenSize, false);
    matrix(`${block}.attn_v`, kvHeads * headSize, hiddenSize, finer);
    matrix(`${block}.attn_output`, hiddenSize, hiddenSize, false);
    matrix(`${block}.ffn_gate`, feedForwardSize, hiddenSize, false);
    matrix(`${block}.ffn_up`, feedForwardSize, hiddenSize, false);
    matrix(`${block}.ffn_down`, hiddenSize, feedForwardSize, finer);
  }
  const header = encodeGgufHeader({
    tensors: plans,
    metadata: {
      'general.architecture': ['string', 'llama'],
      'general.name': ['string', 'Random'],
      'llama.block_count': ['u32', layers],
      'llama.context_length': ['u32', contextLength],
      'llama.embedding_length': ['u32', hiddenSize],
      'llama.feed_forward_length': ['u32', feedForwardSize],
      'llama.attention.head_count': ['u32', heads],
      'llama.attention.head_count_kv': ['u32', kvHeads],
      'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-5],
      'llama.rope.freq_base': ['f32', 10_000],
      'llama.rope.dimension_count': ['u32', headSize],
      ...(options.tokenizer ?? tinyTokenizerMetadata(vocabularySize)),
    },
  });
  const random = createRandom(options.seed ?? 1);
  const file = await open(path, 'w');
  try {
    await file.writeFile(header);
    for (const tensor of plans) {
      const bytes = new Uint8Array(padded(tensor.byteLength));
      fill[tensor.format as keyof typeof fill](bytes.subarray(0, tensor.byteLength), tensor.shape[0] as number, random);
      await file.writeFile(bytes);
    }
  } finally {
    await file.close();
  }
}

/** The tokenizer's metadata of a GGUF file, for writing into another one. */
export async function readTokenizerEntries(path: string): Promise<Readonly<Record<string, GgufEntry>>> {
  const file = await openGguf(path);
  const entries: Record<string, GgufEntry> = {};
  for (const [key, type] of Object.entries(tokenizerKeys)) {
    const value: MetadataValue | undefined = file.metadata.get(key);
    if (value !== undefined) entries[key] = [type, value as GgufEntry[1]];
  }
  await file.close();
  return entries;
}

const tokenizerKeys: Readonly<Record<string, GgufValueType>> = {
  'tokenizer.ggml.model': 'string',
  'tokenizer.ggml.pre': 'string',
  'tokenizer.ggml.tokens': 'string[]',
  'tokenizer.ggml.scores': 'f32[]',
  'tokenizer.ggml.token_type': 'i32[]',
  'tokenizer.ggml.merges': 'string[]',
  'tokenizer.ggml.bos_token_id': 'u32',
  'tokenizer.ggml.eos_token_id': 'u32',
  'tokenizer.ggml.unknown_token_id': 'u32',
  'tokenizer.ggml.padding_token_id': 'u32',
  'tokenizer.ggml.add_bos_token': 'bool',
  'tokenizer.ggml.add_space_prefix': 'bool',
  'tokenizer.chat_template': 'string',
};

/** The layers whose v and down get more bits: the first and last eighth, and every third between. Source: llama.cpp. */
function hasMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

function plan(name: string, format: keyof typeof fill, shape: readonly number[]): GgufTensorPlan {
  const { blockSize, blockBytes } = tensorFormats.find((known) => known.name === format) ?? {
    blockSize: 1,
    blockBytes: 0,
  };
  const numbers = shape.reduce((product, size) => product * size, 1);
  return { name, format, shape, byteLength: (numbers / blockSize) * blockBytes };
}

/** Fill a tensor with numbers whose variance is 1 ÷ `columns`; a norm's weight with numbers around 1. */
const fill = {
  F32(bytes: Uint8Array, columns: number, random: () => number): void {
    const values = Float32Array.from({ length: columns }, () => 0.75 + random() / 2 ** 33);
    bytes.set(new Uint8Array(values.buffer));
  },
  /** Groups have equal 6-bit scales and minimums, and 7.5 times the scale as the scale of minimums: 4-bit numbers lie around 0. */
  Q4_K(bytes: Uint8Array, columns: number, random: () => number): void {
    fillWords(bytes, random);
    const scale = 1 / (168 * Math.sqrt(columns));
    const halves = Uint8Array.of(...bytesOf(toHalfFloat(scale)), ...bytesOf(toHalfFloat(7.5 * scale)));
    for (let at = 0; at < bytes.length; at += 144) {
      bytes.set(halves, at);
      for (let group = 0; group < 4; group++) {
        bytes[at + 8 + group] = bytes[at + 4 + group] as number;
        bytes[at + 12 + group] = ((bytes[at + 12 + group] as number) & 15) * 17;
      }
    }
  },
  Q6_K(bytes: Uint8Array, columns: number, random: () => number): void {
    fillWords(bytes, random);
    const half = Uint8Array.of(...bytesOf(toHalfFloat(1 / (1369 * Math.sqrt(columns)))));
    for (let at = 208; at < bytes.length; at += 210) bytes.set(half, at);
  },
};

function fillWords({ buffer, byteOffset, byteLength }: Uint8Array, random: () => number): void {
  const words = new Uint32Array(buffer, byteOffset, byteLength >> 2);
  for (let i = 0; i < words.length; i++) words[i] = random();
}

function bytesOf(half: number): readonly [number, number] {
  return [half & 0xff, half >> 8];
}

/** Whole numbers below 2³² (xorshift32). */
function createRandom(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}
