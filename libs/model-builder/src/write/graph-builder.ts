import type { IntegerWeights } from '@mcli/ort';
import type { Weight } from '../passes/weight.js';
import type { DataLayout } from './data-layout.js';
import type {
  Attribute,
  ElementType,
  GraphNode,
  GraphValue,
  Initializer,
  InlineInitializer,
  OnnxGraph,
  Region,
} from './onnx-graph.js';

const bytesOf: Readonly<Record<ElementType, number>> = { float32: 4, uint8: 1, int8: 1, int32: 4, int64: 8 };

/** Collects nodes and weights, gives values their names and weights their place in the data file. */
export class GraphBuilder {
  readonly integers: IntegerWeights;
  readonly #data: DataLayout;
  readonly #nodes: GraphNode[] = [];
  readonly #inputs = new Map<string, GraphValue>();
  readonly #outputs: GraphValue[] = [];
  readonly #values: GraphValue[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #constants = new Map<string, InlineInitializer>();

  /**
   * @param data the data file, which several graphs may share: what has the same name is stored once
   * @param integers what 8-bit matrices with a scale a row are stored as
   */
  constructor(data: DataLayout, integers: IntegerWeights) {
    this.#data = data;
    this.integers = integers;
  }

  /** An input; asked for again, it is the same one. */
  input(value: GraphValue): string {
    this.#inputs.set(value.name, value);
    return value.name;
  }

  output(value: GraphValue): string {
    this.#outputs.push(value);
    return value.name;
  }

  /**
   * Tells a value's shape. Where the runtime can't see that two values are of one size it gives each memory of its own,
   * and takes time for every pair of them when the graph is loaded.
   */
  describe(value: GraphValue): string {
    this.#values.push(value);
    return value.name;
  }

  /** A node with one output, which gets the name given. */
  node(
    operator: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain: GraphNode['domain'] = '',
  ): string {
    this.nodes(operator, [name], inputs, attributes, domain);
    return name;
  }

  /** A node with several outputs. */
  nodes(
    operator: string,
    outputs: readonly string[],
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    domain: GraphNode['domain'],
  ): void {
    this.#nodes.push({ operator, domain, inputs, outputs, attributes });
  }

  /** A constant in the data file. With `region` it shares what another constant has there. */
  initializer(name: string, type: ElementType, shape: readonly number[], region?: Region): Initializer {
    const known = this.#initializers.get(name);
    if (known) return known;
    const byteLength = shape.reduce((product, size) => product * size, bytesOf[type]);
    const initializer = { name, type, shape, region: region ?? this.#data.reserve(name, byteLength) };
    this.#initializers.set(name, initializer);
    return initializer;
  }

  /** A few numbers that stand in the graph itself. The first one of a name stays. */
  constant(name: string, type: ElementType, shape: readonly number[], values: ArrayBufferView): string {
    if (!this.#constants.has(name)) this.#constants.set(name, { name, type, shape, values });
    return name;
  }

  /** Asks for numbers to be written, once for each name. */
  write(weight: Weight): void {
    this.#data.write(weight);
  }

  finish(name: string): OnnxGraph {
    return {
      name,
      inputs: [...this.#inputs.values()],
      outputs: this.#outputs,
      values: this.#values,
      initializers: [...this.#initializers.values(), ...this.#constants.values()],
      nodes: this.#nodes,
    };
  }
}
