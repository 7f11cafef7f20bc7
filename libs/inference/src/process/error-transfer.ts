import { InferenceError, type InferenceErrorDetails } from '../errors.js';

/** An error in structured-cloneable form. */
export interface TransferredError {
  readonly isInferenceError: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: string | undefined;
  readonly details?: unknown;
  readonly cause?: TransferredError | undefined;
}

/** Takes name, message, stack, a `code` and `details`, and the causes down to a depth. */
export function packError(error: unknown, depth = 4): TransferredError {
  const { name, message, stack, code, details, cause } = (
    typeof error === 'object' && error !== null ? error : { message: String(error) }
  ) as Record<string, unknown>;
  return {
    isInferenceError: InferenceError.isInstance(error),
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : 'Something that is no error was thrown.',
    stack: typeof stack === 'string' ? stack : undefined,
    code: typeof code === 'string' ? code : undefined,
    details: cloneIfPossible(details),
    cause: cause === undefined || depth === 0 ? undefined : packError(cause, depth - 1),
  };
}

/** An `InferenceError` again where it was one, else an `Error` with the same fields. Keeps the original's stack. */
export function unpackError(packed: TransferredError): Error {
  const { isInferenceError, name, message, stack, code, details } = packed;
  const cause = packed.cause && unpackError(packed.cause);
  const error = isInferenceError
    ? new InferenceError(code as InferenceError['code'], message, { details: details as InferenceErrorDetails, cause })
    : Object.assign(new Error(message, { cause }), { name, ...(code && { code }), ...(details ? { details } : {}) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function cloneIfPossible(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return undefined;
  }
}
