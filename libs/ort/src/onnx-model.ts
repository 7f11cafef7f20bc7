import { elementTypes } from './native/api-table.js';
import type { ValueInfo } from './runtime.js';
import type { Tensor, TensorType } from './tensor.js';

/** A small model, to be encoded as an ONNX file. */
export interface OnnxModel {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  /** Constants by name. */
  readonly initializers?: Readonly<Record<string, Tensor | ExternalTensor>>;
}

/** A constant whose bytes are the whole of another file. */
export interface ExternalTensor extends Pick<Tensor, 'type' | 'dims'> {
  /** Path of that file, seen from the model's folder. */
  readonly location: string;
}

export interface OnnxValue extends ValueInfo {
  readonly type: TensorType;
}

export interface OnnxNode {
  readonly op: string;
  /** Names of values; `''` leaves an optional one out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whole numbers only: none of the operators here needs others. */
  readonly attributes?: Readonly<Record<string, number>>;
  /** @default '' ONNX's own operators */
  readonly domain?: string;
}

const IR_VERSION = 9;
const OPSETS = { '': 18, 'com.microsoft': 1 };
const ATTRIBUTE_INT = 2;
const LOCATION_EXTERNAL = 1;

/**
 * The bytes of an ONNX file: protocol buffers, whose field numbers are those of `onnx.proto`.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = [
    ...model.nodes.flatMap((node) => message(1, encodeNode(node))),
    ...text(2, 'graph'),
    ...Object.entries(model.initializers ?? {}).flatMap(([name, tensor]) => message(5, encodeTensor(name, tensor))),
    ...model.inputs.flatMap((value) => message(11, encodeValue(value))),
    ...model.outputs.flatMap((value) => message(12, encodeValue(value))),
  ];
  const opsets = Object.entries(OPSETS).flatMap(([domain, version]) =>
    message(8, [...text(1, domain), ...int(2, version)]),
  );
  return Uint8Array.from([...int(1, IR_VERSION), ...message(7, graph), ...opsets]);
}

type Bytes = readonly number[];

const encodeNode = ({ op, inputs, outputs, attributes = {}, domain = '' }: OnnxNode): Bytes => [
  ...inputs.flatMap((name) => text(1, name)),
  ...outputs.flatMap((name) => text(2, name)),
  ...text(4, op),
  ...Object.entries(attributes).flatMap(([name, value]) =>
    message(5, [...text(1, name), ...int(3, value), ...int(20, ATTRIBUTE_INT)]),
  ),
  ...text(7, domain),
];

const encodeTensor = (name: string, tensor: Tensor | ExternalTensor): Bytes => [
  ...tensor.dims.flatMap((size) => int(1, size)),
  ...int(2, elementTypes[tensor.type]),
  ...text(8, name),
  ...('location' in tensor
    ? [...message(13, [...text(1, 'location'), ...text(2, tensor.location)]), ...int(14, LOCATION_EXTERNAL)]
    : message(9, [...new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)])),
];

const encodeValue = ({ name, type, dims }: OnnxValue): Bytes => {
  const shape = dims.flatMap((size) => message(1, encodeSize(size)));
  return [...text(1, name), ...message(2, message(1, [...int(1, elementTypes[type]), ...message(2, shape)]))];
};

const encodeSize = (size: number | string): Bytes => {
  if (typeof size === 'string') return text(2, size);
  return size < 0 ? [] : int(1, size);
};

const int = (field: number, value: number): Bytes => [...varint(field << 3), ...varint(value)];
const message = (field: number, bytes: Bytes): Bytes => [
  ...varint((field << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, value: string): Bytes => message(field, [...new TextEncoder().encode(value)]);

function varint(value: number): Bytes {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 0x80)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
