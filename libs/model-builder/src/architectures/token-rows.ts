import type { GraphBuilder } from '../write/graph-builder.js';

/** Between values by sequence, `[batch, sequence, …]`, and values by token, `[batch · sequence, …]`. Copies nothing. */
export class TokenRows {
  readonly #graph: GraphBuilder;
  readonly #sequences: string;
  readonly #flat = new Map<number | undefined, string>();

  /** @param tokens `[batch, sequence]` */
  constructor(graph: GraphBuilder, tokens: string) {
    this.#graph = graph;
    const rest = graph.node('Constant', 'sequences.rest', [], { value_ints: [-1] });
    const sizes = graph.node('Shape', 'sequences.sizes', [tokens]);
    this.#sequences = graph.node('Concat', 'sequences.shape', [sizes, rest], { axis: 0 });
  }

  /** `[batch, sequence, columns]` → `[batch · sequence, columns]`; without columns `[batch · sequence]`. */
  flatten(name: string, value: string, columns?: number): string {
    let shape = this.#flat.get(columns);
    if (shape === undefined) {
      const sizes = columns === undefined ? [-1] : [-1, columns];
      shape = this.#graph.node('Constant', `rows.shape.${columns ?? 'tokens'}`, [], { value_ints: sizes });
      this.#flat.set(columns, shape);
    }
    this.#graph.node('Reshape', name, [value, shape]);
    return columns === undefined ? name : this.#graph.describe({ name, type: 'float32', shape: ['tokens', columns] });
  }

  /** `[batch · sequence, columns]` → `[batch, sequence, columns]`. */
  unflatten(name: string, value: string, columns: number): string {
    this.#graph.node('Reshape', name, [value, this.#sequences]);
    return this.#graph.describe({ name, type: 'float32', shape: ['batch', 'sequence', columns] });
  }
}
