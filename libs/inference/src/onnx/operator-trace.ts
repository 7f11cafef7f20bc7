import { setImmediate as turn } from 'node:timers/promises';
import type { OperatorRun, Session } from '@mcli/ort';
import type { TraceSink } from '../engine/trace.js';

/** Passes that are measured: a pass has a thousand operators and more. */
const measuredPasses = 20;
/** Operators that are told in one turn of the event loop. */
const atOnce = 500;

/** Tells a trace what operators the first passes of a session consist of. */
export class OperatorTrace {
  readonly #session: Session;
  readonly #sink: TraceSink;
  #left = measuredPasses;
  #telling: Promise<void> | undefined;

  /** @param session made with the option `profile` */
  constructor(session: Session, sink: TraceSink) {
    this.#session = session;
    this.#sink = sink;
  }

  /** A pass has ended. The next one must wait: measuring can't end during a pass. */
  async passed(): Promise<void> {
    this.#left -= 1;
    if (this.#left === 0) this.#telling = this.#tell(await this.#end());
  }

  /** Resolves when everything that was measured is told. Nothing more is measured. */
  async finish(): Promise<void> {
    if (this.#left > 0) this.#telling = this.#tell(await this.#end());
    this.#left = 0;
    await this.#telling;
  }

  async #end(): Promise<readonly OperatorRun[]> {
    try {
      return await this.#session.endProfile();
    } catch (error) {
      process.emitWarning(`The trace lacks operators: ${(error as Error).message}`);
      return [];
    }
  }

  async #tell(operators: readonly OperatorRun[]): Promise<void> {
    for (const [at, { operator, node, atMs, durationMs }] of operators.entries()) {
      if (at % atOnce === 0) await turn();
      this.#sink.event({ type: 'slice', category: 'operator', name: operator, node, atMs, durationMs });
    }
  }
}
