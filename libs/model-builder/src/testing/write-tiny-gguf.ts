import type { TensorFormatName } from '../read/tensor-format.js';
import { encodeTensor } from './encode-tensor.js';
import type { TinyModel, TinyModelOptions, TinyTensor } from './tiny-model.js';
import { tinyModel } from './tiny-model.js';
import { tinyTokenizerMetadata } from './tiny-tokenizer.js';
import type { GgufContent, GgufEntry, GgufTensor } from './write-gguf.js';
import { writeGguf } from './write-gguf.js';

export interface TinyGgufOptions extends TinyModelOptions {
  /** How matrices are stored. @default 'F32' */
  readonly format?: Extract<TensorFormatName, 'F32' | 'F16' | 'BF16' | 'Q8_0'>;
  /** Metadata that is added or replaced. @default none */
  readonly metadata?: Readonly<Record<string, GgufEntry>>;
}

/**
 * Writes a tiny model with random weights, a byte-level tokenizer of 264 tokens and a ChatML template: a file of about
 * 400 kB that a whole engine can run. Returns the model, for comparing with.
 */
export async function writeTinyGguf(path: string, options: TinyGgufOptions = {}): Promise<TinyModel> {
  const model = tinyModel(options);
  await writeGguf(path, tinyGguf(model, options));
  return model;
}

/** What `writeTinyGguf` writes. */
export function tinyGguf(model: TinyModel, { format = 'F32', metadata = {} }: TinyGgufOptions = {}): GgufContent {
  const { options } = model;
  const key = (name: string): string => `${options.architecture}.${name}`;
  const tensors = [...model.tensors].map(([name, tensor]): GgufTensor => {
    const stored = tensor.rows === 1 ? 'F32' : format;
    const shape = tensor.rows === 1 ? [tensor.columns] : [tensor.columns, tensor.rows];
    return { name, format: stored, shape, bytes: encodeTensor(stored, inFileOrder(model, name, tensor)) };
  });
  if (options.rotaryDivisors) {
    const bytes = encodeTensor('F32', Float32Array.from(options.rotaryDivisors));
    tensors.push({ name: 'rope_freqs.weight', format: 'F32', shape: [options.rotaryDivisors.length], bytes });
  }
  const scaling: Record<string, GgufEntry> =
    options.rotaryScale === 1
      ? {}
      : {
          [key('rope.scaling.type')]: ['string', 'linear'],
          [key('rope.scaling.factor')]: ['f32', options.rotaryScale],
        };
  return {
    tensors,
    metadata: {
      'general.architecture': ['string', options.architecture],
      'general.name': ['string', 'Tiny'],
      [key('block_count')]: ['u32', options.layers],
      [key('context_length')]: ['u32', options.contextLength],
      [key('embedding_length')]: ['u32', options.hiddenSize],
      [key('feed_forward_length')]: ['u32', options.feedForwardSize],
      [key('attention.head_count')]: ['u32', options.heads],
      [key('attention.head_count_kv')]: ['u32', options.kvHeads],
      [key('attention.key_length')]: ['u32', options.headSize],
      [key('attention.value_length')]: ['u32', options.headSize],
      [key('attention.layer_norm_rms_epsilon')]: ['f32', 1e-5],
      [key('rope.freq_base')]: ['f32', options.rotaryBase],
      [key('rope.dimension_count')]: ['u32', options.headSize],
      ...scaling,
      ...tinyTokenizerMetadata(options.vocabularySize),
      ...metadata,
    },
  };
}

/**
 * Files of the kind `llama` hold the rows of q and k as llama.cpp's converter leaves them: each head's two halves are
 * dealt out alternately. Here spelled as the converter does: `[heads, 2, half] → [heads, half, 2]`.
 */
function inFileOrder({ options }: TinyModel, name: string, tensor: TinyTensor): Float32Array {
  if (options.architecture !== 'llama' || !/attn_[qk]\./.test(name)) return tensor.values;
  const rowSize = name.endsWith('.bias') ? 1 : tensor.columns;
  const half = options.headSize / 2;
  const heads = tensor.values.length / rowSize / options.headSize;
  const rows: Float32Array[] = [];
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < half; i++) {
      for (const part of [0, 1]) {
        const row = (head * 2 + part) * half + i;
        rows.push(tensor.values.subarray(row * rowSize, (row + 1) * rowSize));
      }
    }
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}
