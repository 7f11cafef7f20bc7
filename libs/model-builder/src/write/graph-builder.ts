import type { WeightsForm } from '../model-manifest.js';
import type { Weight } from '../passes/weight.js';
import type { Attribute, ElementType, GraphNode, GraphValue, Initializer, OnnxGraph, Region } from './onnx-graph.js';

/** Where parts of the external data file start: pages, so that they can be mapped. */
const alignment = 4096;

const bytesOf: Readonly<Record<ElementType, number>> = { float32: 4, uint8: 1, int32: 4, int64: 8 };

/** Collects nodes and weights, gives values their names and weights their place in the data file. */
export class GraphBuilder {
  /** How matrices are stored. */
  readonly form: WeightsForm;
  readonly #nodes: GraphNode[] = [];
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphValue[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #weights: Weight[] = [];
  #end = 0;

  constructor(form: WeightsForm) {
    this.form = form;
  }

  /** What must be written into the data file. */
  get weights(): readonly Weight[] {
    return this.#weights;
  }

  /** Bytes of the data file. */
  get dataBytes(): number {
    return this.#end;
  }

  input(value: GraphValue): string {
    this.#inputs.push(value);
    return value.name;
  }

  output(value: GraphValue): string {
    this.#outputs.push(value);
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
    const initializer = { name, type, shape, region: region ?? this.#reserve(shape, bytesOf[type]) };
    this.#initializers.push(initializer);
    return initializer;
  }

  /** Asks for numbers to be written. */
  write(weight: Weight): void {
    this.#weights.push(weight);
  }

  finish(name: string): OnnxGraph {
    return {
      name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
      nodes: this.#nodes,
    };
  }

  #reserve(shape: readonly number[], bytes: number): Region {
    const byteLength = shape.reduce((product, size) => product * size, bytes);
    const offset = Math.ceil(this.#end / alignment) * alignment;
    this.#end = offset + byteLength;
    return { offset, byteLength };
  }
}
