import type { Binding, Runtime, Session, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';
import type { TraceSink } from '../engine/trace.js';
import { OperatorTrace } from './operator-trace.js';

export type Logits = Float32Array<ArrayBufferLike>;

/** One run of a graph. */
export interface PassPlan {
  /** Binds the cache. */
  readonly binding: Binding;
  /** Rows of the batch. */
  readonly count: number;
  /** New tokens, `[count, sequence]`. */
  readonly tokens: ArrayLike<number>;
  /** Positions that each row has after the pass. */
  readonly lengths: readonly number[];
  /** Whose logits are wanted: row of the batch, position among the new ones. */
  readonly wanted: readonly (readonly [number, number])[];
}

export interface GraphPassOptions {
  /** Rows of the largest batch. */
  readonly rows: number;
  /** Most new tokens of a pass. */
  readonly tokens: number;
  readonly vocabularySize: number;
  /** Told of the operators of the first passes. @default nobody is told */
  readonly trace?: TraceSink | undefined;
}

/** A graph with the memory of its small inputs and its logits. One pass at a time. */
export class GraphPass {
  readonly session: Session;
  readonly #options: GraphPassOptions;
  readonly #inputs: {
    readonly ids: Tensor<'int64'>;
    readonly seqlens: Tensor<'int32'>;
    readonly total: Tensor<'int32'>;
    readonly first: Tensor<'int64'> | undefined;
  };
  readonly #runtime: Runtime;
  readonly #operators: OperatorTrace | undefined;
  /** Grows to the most rows that were wanted at once. */
  #wanted: { readonly positions: Tensor<'int64'>; readonly logits: Tensor<'float32'> };

  constructor(runtime: Runtime, session: Session, options: GraphPassOptions) {
    this.session = session;
    this.#options = options;
    const hasFirst = session.inputs.some(({ name }) => name === 'first_position');
    this.#inputs = {
      ids: runtime.allocate('int64', [Math.max(options.rows, options.tokens)]),
      seqlens: runtime.allocate('int32', [options.rows]),
      total: runtime.allocate('int32', []),
      first: hasFirst ? runtime.allocate('int64', [1]) : undefined,
    };
    this.#runtime = runtime;
    this.#operators = options.trace && new OperatorTrace(session, options.trace);
    this.#wanted = this.#allocateWanted(options.rows);
  }

  /** Computes, and gives the logits that are wanted, in their order. */
  async run(plan: PassPlan, signal: AbortSignal | undefined): Promise<Logits[]> {
    const { binding, count, tokens, lengths, wanted } = plan;
    const { ids, seqlens, total, first } = this.#inputs;
    const size = this.#options.vocabularySize;
    if (wanted.length * 2 > this.#wanted.positions.data.length) this.#wanted = this.#allocateWanted(wanted.length);
    const { positions, logits } = this.#wanted;
    const sequence = tokens.length / count;
    for (let at = 0; at < tokens.length; at++) ids.data[at] = BigInt(tokens[at] as number);
    for (const [row, length] of lengths.entries()) seqlens.data[row] = length - 1;
    wanted.flat().forEach((position, at) => (positions.data[at] = BigInt(position)));
    total.data[0] = Math.max(...lengths);
    if (first) {
      first.data[0] = BigInt((lengths[0] as number) - sequence);
      binding.bindInput('first_position', first);
    }
    binding.bindInput('input_ids', viewTensor(ids, 0, [count, sequence]));
    binding.bindInput('seqlens_k', viewTensor(seqlens, 0, [count]));
    binding.bindInput('total_sequence_length', total);
    binding.bindInput('logit_positions', viewTensor(positions, 0, [wanted.length, 2]));
    binding.bindOutput('logits', viewTensor(logits, 0, [wanted.length, size]));
    await this.session.run(binding, signal ? { signal } : {});
    await this.#operators?.passed();
    return wanted.map((_, row) => logits.data.slice(row * size, (row + 1) * size));
  }

  async dispose(): Promise<void> {
    await this.#operators?.finish();
    await this.session.dispose();
  }

  #allocateWanted(rows: number) {
    return {
      positions: this.#runtime.allocate('int64', [rows, 2]),
      logits: this.#runtime.allocate('float32', [rows, this.#options.vocabularySize]),
    };
  }
}
