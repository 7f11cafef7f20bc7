/** How a tensor's numbers are stored in a GGUF file. */
export type TensorFormatName =
  'F32' | 'F16' | 'BF16' | 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q8_0' | 'Q4_K' | 'Q5_K' | 'Q6_K';

export interface TensorFormat {
  readonly name: TensorFormatName;
  /** The number that stands for the format in the file. */
  readonly id: number;
  /** Numbers in one block. A row is a whole number of blocks. */
  readonly blockSize: number;
  /** Bytes of one block. */
  readonly blockBytes: number;
}

/** The formats that can be read. Source: `ggml_type` and the block structures of ggml. */
export const tensorFormats: readonly TensorFormat[] = [
  { name: 'F32', id: 0, blockSize: 1, blockBytes: 4 },
  { name: 'F16', id: 1, blockSize: 1, blockBytes: 2 },
  { name: 'Q4_0', id: 2, blockSize: 32, blockBytes: 18 },
  { name: 'Q4_1', id: 3, blockSize: 32, blockBytes: 20 },
  { name: 'Q5_0', id: 6, blockSize: 32, blockBytes: 22 },
  { name: 'Q5_1', id: 7, blockSize: 32, blockBytes: 24 },
  { name: 'Q8_0', id: 8, blockSize: 32, blockBytes: 34 },
  { name: 'Q4_K', id: 12, blockSize: 256, blockBytes: 144 },
  { name: 'Q5_K', id: 13, blockSize: 256, blockBytes: 176 },
  { name: 'Q6_K', id: 14, blockSize: 256, blockBytes: 210 },
  { name: 'BF16', id: 30, blockSize: 1, blockBytes: 2 },
];

const unreadable: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};

/** The format that a number in the file stands for, `undefined` when it cannot be read. */
export function findTensorFormat(id: number): TensorFormat | undefined {
  return tensorFormats.find((format) => format.id === id);
}

/** A name for messages, also for formats that cannot be read. */
export function tensorFormatLabel(id: number): string {
  return findTensorFormat(id)?.name ?? unreadable[id] ?? `type ${id}`;
}
