import type { TensorInfo } from '../read/gguf-file.js';
import type { Region } from '../write/onnx-graph.js';

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
  /** The same as 8-bit numbers in blocks of 32 with float32 scales. */
  | {
      readonly kind: 'int8-block32';
      readonly name: string;
      readonly values: Region;
      readonly scales: Region;
      readonly parts: readonly WeightPart[];
    };

/** One tensor's rows. */
export interface WeightPart {
  readonly tensor: TensorInfo;
  /** Moves rows within groups of `size` rows: row `r` goes to `to[r]`. @default they stay */
  readonly order?: { readonly size: number; readonly to: Uint32Array } | undefined;
}
