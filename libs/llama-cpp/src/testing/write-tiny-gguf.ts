import type { GgufContent, GgufEntry, GgufTensor } from '@mcli/model-builder/testing';
import { encodeTensor, noise, tinyTokenizerMetadata, tinyTokens, writeGguf } from '@mcli/model-builder/testing';
import { encodeQ4K, encodeQ6K } from './encode-k-blocks.js';
import { sentencepieceMetadata, sentencepieceSize } from './sentencepiece-vocabulary.js';
import type { TinyArchitecture, TinyArchitectureName, TinyVocabularyName } from './tiny-architecture.js';
import { tinyArchitectures } from './tiny-architecture.js';
import type { TensorPlan, TinyShape } from './tiny-shape.js';
import { wordpieceMetadata, wordpieceSize } from './wordpiece-vocabulary.js';

export type TinyFormat = 'F32' | 'F16' | 'Q8_0' | 'Q4_K' | 'Q6_K';

/** All have defaults, so `{}` is a model. */
export interface TinyGgufOptions extends Partial<Omit<TinyShape, 'hiddenSize' | 'headSize' | 'vocabularySize'>> {
  /**
   * How matrices are stored; norms, biases and what llama.cpp takes in F32 only stay F32. Blocks of Q4_K and Q6_K have
   * 256 numbers, so the model is wider with them.
   *
   * @default 'F32'
   */
  readonly format?: TinyFormat;
  /** `wordpiece` has no control tokens of a chat. @default what the architecture's published models use */
  readonly vocabulary?: TinyVocabularyName;
  /** Other seeds, other weights. @default 1 */
  readonly seed?: number;
  /** Metadata by full names, added or replaced. @default none */
  readonly metadata?: Readonly<Record<string, GgufEntry>>;
}

/**
 * Writes a tiny model with random weights that llama.cpp runs: 2 layers (4 where layers have windows), 64 wide and less
 * than 1 MB; 256 wide and less than 2 MB for Q4_K and Q6_K. The weights follow from the seed; embeddings are tied. Greedy
 * answers differ with the prompt and visit several tokens, but mean nothing; they may differ with the processor and with
 * what is computed together, because the best tokens are often close to one another.
 */
export async function writeTinyGguf(
  path: string,
  architecture: TinyArchitectureName,
  options: TinyGgufOptions = {},
): Promise<void> {
  await writeGguf(path, tinyGguf(architecture, options));
}

/** What `writeTinyGguf` writes. */
export function tinyGguf(name: TinyArchitectureName, options: TinyGgufOptions = {}): GgufContent {
  const { format = 'F32', seed = 1 } = options;
  const architecture = tinyArchitectures[name];
  const { size, metadata } = vocabulary(options.vocabulary ?? architecture.vocabulary, architecture);
  const plan = architecture.plan(fullShape(name, options, size));
  return {
    metadata: {
      'general.architecture': ['string', name],
      'general.name': ['string', 'Tiny'],
      'general.file_type': ['u32', fileTypes[format]],
      ...Object.fromEntries(Object.entries(plan.metadata).map(([key, entry]) => [`${name}.${key}`, entry])),
      ...metadata,
      ...options.metadata,
    },
    tensors: plan.tensors.map((tensor) => fill(tensor, tensor.formatted ? format : 'F32', seed)),
  };
}

/** How llama.cpp numbers files by the format of most weights. */
const fileTypes: Readonly<Record<TinyFormat, number>> = { F32: 0, F16: 1, Q8_0: 7, Q4_K: 14, Q6_K: 18 };

function fullShape(name: TinyArchitectureName, options: TinyGgufOptions, vocabularySize: number): TinyShape {
  const wide = options.format === 'Q4_K' || options.format === 'Q6_K';
  const hiddenSize = wide ? 256 : 64;
  const heads = options.heads ?? 2;
  return {
    layers: name.startsWith('gemma') ? 4 : 2,
    kvHeads: 1,
    feedForwardSize: wide ? 256 : 96,
    contextLength: 256,
    slidingWindow: 16,
    slidingWindowPattern: 2,
    experts: 4,
    expertsUsed: 2,
    ...options,
    hiddenSize,
    heads,
    headSize: hiddenSize / heads,
    vocabularySize,
  };
}

function vocabulary(name: TinyVocabularyName, { preTokenizer }: TinyArchitecture) {
  switch (name) {
    case 'bpe': {
      const pre: GgufEntry = ['string', preTokenizer];
      const metadata = { ...tinyTokenizerMetadata(tinyTokens.length), 'tokenizer.ggml.pre': pre };
      return { size: tinyTokens.length, metadata };
    }
    case 'sentencepiece':
      return { size: sentencepieceSize, metadata: sentencepieceMetadata };
    case 'wordpiece':
      return { size: wordpieceSize, metadata: wordpieceMetadata };
  }
}

function fill({ name, shape, middle, width }: TensorPlan, format: TinyFormat, seed: number): GgufTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return { name, shape, format, bytes: encode(format, noise(seed, name, count, width, middle)) };
}

function encode(format: TinyFormat, values: Float32Array): Uint8Array {
  if (format === 'Q4_K') return encodeQ4K(values);
  if (format === 'Q6_K') return encodeQ6K(values);
  return encodeTensor(format, values);
}
