import { notice } from './print.js';

/** A command line that can't be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode = 2;
}

/** Exit codes of error codes that mean that kept state can't be used. */
const stateCodes = new Set(['corrupt', 'newer_schema', 'corrupt_state']);

/**
 * Writes an error as one line on stderr.
 *
 * @param verbose adds the stack
 * @returns the exit code
 */
export function reportError(error: unknown, verbose: boolean): number {
  const known = error instanceof Error ? error : new Error(String(error));
  const [line = ''] = known.message.split('\n');
  notice(`mcli: ${line}`);
  if (verbose) notice(known.stack);
  if ('exitCode' in known && typeof known.exitCode === 'number') return known.exitCode;
  const code = 'code' in known && typeof known.code === 'string' ? known.code : '';
  return stateCodes.has(code) ? 78 : 1;
}
