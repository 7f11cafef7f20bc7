import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';

/**
 * Ends the process at once when it exits while the library works. Node would wait for the threads of its pool first: for one
 * that computes, until it is done; for one that logs, for ever, because that one waits for a listener in JavaScript.
 */
export class ExitGuard {
  readonly #exit: (code: number) => void;
  #calls = 0;
  #fatal: { readonly error: unknown } | undefined;

  /** @param exit ends the process without waiting for anything: C's `_exit` */
  constructor(exit: (code: number) => void) {
    this.#exit = exit;
  }

  /** Before a call on another thread. */
  begin(): void {
    // A worker thread that exits does not end the process.
    if (this.#calls++ > 0 || !isMainThread) return;
    // The last listener: others have been called when this one is.
    process.on('exit', this.#end);
    process.on('uncaughtExceptionMonitor', this.#remember);
  }

  /** When a call has ended. */
  end(): void {
    if (--this.#calls > 0) return;
    process.off('exit', this.#end);
    process.off('uncaughtExceptionMonitor', this.#remember);
  }

  readonly #remember = (error: unknown): void => {
    // Somebody who listens goes on, or has written it.
    if (process.listenerCount('uncaughtException') === 0) this.#fatal = { error };
  };

  readonly #end = (code: number): void => {
    // Node only writes it after this.
    if (this.#fatal && code !== 0) writeSync(2, `${inspect(this.#fatal.error)}\n`);
    this.#exit(code);
  };
}
