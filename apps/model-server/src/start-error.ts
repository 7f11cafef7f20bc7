/**
 * Why the server, or a command beside it, can't do its work. The message is one line for a person, with the remedy.
 *
 * - `usage`: a flag, variable or configuration entry is wrong.
 * - `failed`: a model, port or disk stands in the way.
 * - `corrupt_state`: what is kept in `MCLI_HOME` can't be used by this version.
 */
export type StartErrorCode = 'usage' | 'failed' | 'corrupt_state';

const exitCodes = { usage: 2, failed: 1, corrupt_state: 78 } as const satisfies Record<StartErrorCode, number>;

export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** What the process should exit with. */
  get exitCode(): number {
    return exitCodes[this.code];
  }
}
