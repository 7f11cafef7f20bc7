/** Element types, with the numbers of `TensorProto.DataType`. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type ElementType = keyof typeof elementTypes;

/** A number, or the name of a size that is only known when the graph runs. */
export type Dimension = number | string;

/** An input or output of the graph, or a value inside whose shape is told. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** A whole number is written as an integer attribute; `{ float }` forces a floating-point one. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface GraphNode {
  readonly operator: string;
  /** The operator set: '' is ONNX's own. */
  readonly domain: '' | 'com.microsoft';
  /** Names of values; '' stands for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A part of the external data file. */
export interface Region {
  /** The first byte, a multiple of 4,096. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A constant whose numbers stand in the external data file. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly region: Region;
}

/** A constant whose numbers stand in the graph itself. */
export interface InlineInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: ArrayBufferView;
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Shapes inside the graph that the runtime can't find by itself. */
  readonly values: readonly GraphValue[];
  readonly initializers: readonly (Initializer | InlineInitializer)[];
  /** In an order in which they can run. */
  readonly nodes: readonly GraphNode[];
}
