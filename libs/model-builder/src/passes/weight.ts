import type { TensorInfo } from '../read/gguf-file.js';
import type { Region } from '../write/onnx-graph.js';
import type { RotaryTable } from './rotary-table.js';

/** Numbers that a build writes into the data file. Plain data, which other threads can be given. */
export type Weight =
  /** Rows worked out here, as float32. */
  | { readonly kind: 'rotary'; readonly name: string; readonly values: Region; readonly table: RotaryTable }
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
  /** Rotates what the matrix reads, each row or each head's part of it: the size of the `Rotation`. */
  readonly turnInput?: number | undefined;
  /** Rotates what the matrix writes, each column or each head's part of it: the size of the `Rotation`. */
  readonly turnOutput?: number | undefined;
  /** Moves rows within groups of `size` rows: row `r` goes to `to[r]`. @default they stay */
  readonly order?: { readonly size: number; readonly to: Uint32Array } | undefined;
}
