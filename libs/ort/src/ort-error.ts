/**
 * Why ONNX Runtime could not do something.
 *
 * - `library_missing`: koffi, the shared library or the binding of `onnxruntime-node` is not installed or cannot be loaded.
 * - `unsupported_platform`: ONNX Runtime has no library for this operating system, processor or C library.
 * - `model_not_found`: the path of the model names no file.
 * - `invalid_model`: the model could not be read, or this runtime cannot compute it.
 * - `invalid_argument`: a name, type, shape or option does not fit; the message names it.
 * - `busy`: the binding is used by a run that has not ended.
 * - `run_failed`: a computation failed, or the thread that computes is gone.
 * - `disposed`: the runtime, session or binding was disposed.
 */
export type OrtErrorCode =
  | 'library_missing'
  | 'unsupported_platform'
  | 'model_not_found'
  | 'invalid_model'
  | 'invalid_argument'
  | 'busy'
  | 'run_failed'
  | 'disposed';

/** The one error class of this package. Branch on `code`, never on the message. */
export class OrtError extends Error {
  override readonly name = 'OrtError';
  readonly code: OrtErrorCode;

  constructor(code: OrtErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
