/**
 * Why llama.cpp could not do something.
 *
 * - `library_missing`: koffi or llama.cpp's libraries are not installed or do not load.
 * - `unsupported_platform`: there are no libraries for this operating system, processor or C library.
 * - `incompatible_library`: the libraries are of another release than the one that this package speaks to.
 * - `model_not_found`: the path names no file.
 * - `invalid_model`: the file is no model that llama.cpp can read or compute.
 * - `insufficient_memory`: there is not enough memory for a model or its context.
 * - `invalid_argument`: an argument does not fit; the message names it.
 * - `no_room`: the context has no free positions for the batch, and is unchanged; or not for what was saved, and the
 *   sequence is empty.
 * - `compute_failed`: a computation failed; what the batch's sequences hold is unknown.
 * - `busy`: the context computes; it can be asked when that has ended.
 * - `disposed`: the model or context was disposed of.
 */
export type LlamaCppErrorCode =
  | 'library_missing'
  | 'unsupported_platform'
  | 'incompatible_library'
  | 'model_not_found'
  | 'invalid_model'
  | 'insufficient_memory'
  | 'invalid_argument'
  | 'no_room'
  | 'compute_failed'
  | 'busy'
  | 'disposed';

/** The one error class of this package. Branch on `code`, never on the message. */
export class LlamaCppError extends Error {
  override readonly name = 'LlamaCppError';
  readonly code: LlamaCppErrorCode;

  constructor(code: LlamaCppErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
