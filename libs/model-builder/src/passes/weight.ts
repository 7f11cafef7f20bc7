import type { TensorInfo } from '../read/gguf-file.js';
import type { Region } from '../write/onnx-graph.js';
import type { Rotation } from './rotation.js';

/** Numbers that a build writes into the data file. */
export type Weight =
  /** Rows worked out here, such as rotary tables: `compute` gives `count` rows from `first` on. */
  | {
      readonly kind: 'computed';
      readonly name: string;
      readonly values: Region;
      readonly rows: number;
      readonly columns: number;
      readonly compute: (first: number, count: number) => Float32Array;
    }
  /** Rows of one or more tensors below each other, as float32. */
  | { readonly kind: 'float32'; readonly name: string; readonly values: Region; readonly parts: readonly WeightPart[] }
  /**
   * The same as 8-bit numbers with float32 scales, as `quantizeBlocks` or `quantizeRows` gives them; `uint8-rows` are
   * `int8-rows` plus 128.
   */
  | {
      readonly kind: 'int8-blocks' | 'int8-rows' | 'uint8-rows';
      readonly name: string;
      readonly values: Region;
      readonly scales: Region;
      readonly parts: readonly WeightPart[];
    };

/** One tensor's rows, and what is done with them, in this order. */
export interface WeightPart {
  readonly tensor: TensorInfo;
  /** The norm before the matrix, folded into it (`foldNorm`). */
  readonly norm?: TensorInfo | undefined;
  /** Rotates what the matrix reads: each row, or each head's part of it. */
  readonly turnInput?: Rotation | undefined;
  /** Rotates what the matrix writes: each column, or each head's part of it. */
  readonly turnOutput?: Rotation | undefined;
  /** Moves rows within groups of `size` rows: row `r` goes to `to[r]`. @default they stay */
  readonly order?: { readonly size: number; readonly to: Uint32Array } | undefined;
}
