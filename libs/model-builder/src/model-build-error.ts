/** Why a model file could not be turned into a graph. */
export type ModelBuildErrorCode =
  /** The file does not start like a GGUF file, or is of a version or byte order that is not read. */
  | 'not_gguf'
  /** The file ends before something that it announces. */
  | 'truncated'
  /** The file contradicts itself or the format. Also: a build folder that is not whole. */
  | 'invalid_gguf'
  /** A kind of model, or a variant of a known kind, for which there is no graph. */
  | 'unsupported_architecture'
  /** A tensor is stored in a form that cannot be read. */
  | 'unsupported_tensor_type'
  /** Reading or writing failed; `cause` is the system's error. */
  | 'io'
  /** A thread that converts weights ended unexpectedly, as it does when memory runs out. */
  | 'thread_ended';

/** The one error of this package. The message is one line and names what and where. */
export class ModelBuildError extends Error {
  readonly code: ModelBuildErrorCode;

  constructor(code: ModelBuildErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelBuildError';
    this.code = code;
  }
}
