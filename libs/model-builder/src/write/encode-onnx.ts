import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Attribute, GraphNode, GraphValue, Initializer, InlineInitializer, OnnxGraph } from './onnx-graph.js';
import { elementTypes } from './onnx-graph.js';

export interface EncodeOptions {
  /** The external data file's name, beside the graph. */
  readonly dataFile: string;
  readonly producer: string;
  readonly producerVersion: string;
}

/**
 * The graph as an ONNX file: IR version 10, operator set 21 and ONNX Runtime's own.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function encodeOnnx(graph: OnnxGraph, options: EncodeOptions): Uint8Array {
  const writer = new BinaryWriter();
  integer(writer, 1, 10);
  text(writer, 2, options.producer);
  text(writer, 3, options.producerVersion);
  message(writer, 7, () => writeGraph(writer, graph, options.dataFile));
  operatorSet(writer, '', 21);
  operatorSet(writer, 'com.microsoft', 1);
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, graph: OnnxGraph, dataFile: string): void {
  for (const node of graph.nodes) message(writer, 1, () => writeNode(writer, node));
  text(writer, 2, graph.name);
  for (const initializer of graph.initializers) {
    message(writer, 5, () => writeInitializer(writer, initializer, dataFile));
  }
  for (const value of graph.inputs) message(writer, 11, () => writeValue(writer, value));
  for (const value of graph.outputs) message(writer, 12, () => writeValue(writer, value));
  for (const value of graph.values) message(writer, 13, () => writeValue(writer, value));
}

function writeNode(writer: BinaryWriter, node: GraphNode): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 3, node.outputs[0] ?? '');
  text(writer, 4, node.operator);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, () => writeAttribute(writer, name, value));
  }
  text(writer, 7, node.domain);
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name);
  if (typeof value === 'number') {
    integer(writer, 3, value);
    integer(writer, 20, 2);
  } else if (typeof value === 'string') {
    text(writer, 4, value);
    integer(writer, 20, 3);
  } else if (!('float' in value)) {
    for (const item of value) integer(writer, 8, item);
    integer(writer, 20, 7);
  } else {
    writer.tag(2, WireType.Bit32).float(value.float);
    integer(writer, 20, 1);
  }
}

function writeInitializer(writer: BinaryWriter, initializer: Initializer | InlineInitializer, dataFile: string): void {
  for (const size of initializer.shape) integer(writer, 1, size);
  integer(writer, 2, elementTypes[initializer.type]);
  text(writer, 8, initializer.name);
  if ('values' in initializer) {
    const { buffer, byteOffset, byteLength } = initializer.values;
    writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength));
    return;
  }
  const location = { location: dataFile, offset: initializer.region.offset, length: initializer.region.byteLength };
  for (const [key, value] of Object.entries(location)) {
    message(writer, 13, () => {
      text(writer, 1, key);
      text(writer, 2, String(value));
    });
  }
  integer(writer, 14, 1);
}

function writeValue(writer: BinaryWriter, value: GraphValue): void {
  text(writer, 1, value.name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      integer(writer, 1, elementTypes[value.type]);
      message(writer, 2, () => {
        for (const size of value.shape) {
          message(writer, 1, () => (typeof size === 'number' ? integer(writer, 1, size) : text(writer, 2, size)));
        }
      });
    }),
  );
}

function operatorSet(writer: BinaryWriter, domain: string, version: number): void {
  message(writer, 8, () => {
    text(writer, 1, domain);
    integer(writer, 2, version);
  });
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function integer(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}
