import type { GenerateRequest, SamplingOptions } from './contract.js';

/**
 * Why a generation failed.
 *
 * - `model_not_found`: no such model here.
 * - `context_length_exceeded`: the prompt leaves no room for one token; `details` has the numbers.
 * - `invalid_request`: a value of the request can't be right for this model; `details.field` names it.
 * - `unsupported`: the model or backend can't do what was asked; `details.field` names what can't be followed.
 * - `overloaded`: the queue is full; the same request may work later.
 * - `loading`: the model isn't ready to answer.
 * - `closed`: the backend was closed.
 * - `engine_failed`: the engine's process or a computation in it broke.
 */
export type InferenceErrorCode =
  | 'model_not_found'
  | 'context_length_exceeded'
  | 'invalid_request'
  | 'unsupported'
  | 'overloaded'
  | 'loading'
  | 'closed'
  | 'engine_failed';

/** A field of a `GenerateRequest` or of its sampling. */
export type RequestField = Exclude<keyof GenerateRequest, 'sampling' | 'signal'> | keyof SamplingOptions;

/** Facts that a message's reader needs beside its code. Structured-cloneable. */
export interface InferenceErrorDetails {
  /** Positions that the model holds. */
  readonly contextLength?: number;
  /** Tokens in the prompt; so many or more where counting stopped. */
  readonly promptTokens?: number;
  readonly model?: string;
  /** What in the request is wrong or can't be followed, by the contract's own name for it. */
  readonly field?: RequestField;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

const marker = Symbol.for('mcli.inference-error');

/** The one error class of this package. Branch on `code`, never on the message. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  readonly [marker] = true;
  readonly code: InferenceErrorCode;
  readonly details: InferenceErrorDetails;

  constructor(
    code: InferenceErrorCode,
    message: string,
    options: { details?: InferenceErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Recognises errors of another installed copy of this package too, which `instanceof` does not. */
  static isInstance(value: unknown): value is InferenceError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}
