import { InferenceError, type InferenceErrorCode, type RequestField } from '@mcli/inference';
import { firstProblem, isSchemaError, type ErrorBody } from '@mcli/openai-schema';

interface ErrorRow {
  readonly status: number;
  readonly type: 'invalid_request_error' | 'rate_limit_error' | 'server_error';
  readonly headers?: Readonly<Record<string, string>>;
}

const retrySoon = { 'retry-after': '1' };

/** Every code that a reply can carry. A code is for ever; each has a section in docs/errors.md. */
const rows = {
  invalid_json: { status: 400, type: 'invalid_request_error' },
  invalid_value: { status: 400, type: 'invalid_request_error' },
  unsupported: { status: 400, type: 'invalid_request_error' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error' },
  invalid_api_key: { status: 401, type: 'invalid_request_error', headers: { 'www-authenticate': 'Bearer' } },
  insufficient_permissions: { status: 403, type: 'invalid_request_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  unknown_url: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'server_error' },
  request_too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', headers: retrySoon },
  insufficient_quota: { status: 429, type: 'rate_limit_error', headers: { 'x-should-retry': 'false' } },
  internal_error: { status: 500, type: 'server_error' },
  engine_failed: { status: 500, type: 'server_error' },
  overloaded: { status: 503, type: 'server_error', headers: retrySoon },
  loading: { status: 503, type: 'server_error', headers: { 'retry-after': '10' } },
  draining: { status: 503, type: 'server_error', headers: { 'retry-after': '5' } },
  storage_unavailable: { status: 503, type: 'server_error', headers: retrySoon },
} as const satisfies Record<string, ErrorRow>;

export type ApiErrorCode = keyof typeof rows;

/** All codes, in the order of their status. */
export const apiErrorCodes = Object.keys(rows) as readonly ApiErrorCode[];

export interface ApiErrorOptions {
  /** The field that is wrong: a path from the body's root. @default null */
  readonly param?: string | null;
  /** Seconds after which trying again makes sense; sent as `retry-after`, from 1 to 60. @default the code's own */
  readonly retryAfter?: number | undefined;
  /** Sent beside the code's own headers. Names in lower case. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** What happened, for the log. Never sent. */
  readonly cause?: unknown;
}

const marker = Symbol.for('mcli.api-error');

/** An error reply in OpenAI's shape. The code decides status and type. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly [marker] = true;
  readonly code: ApiErrorCode;
  readonly status: number;
  readonly type: ErrorRow['type'];
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ApiErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const row: ErrorRow = rows[code];
    this.code = code;
    this.status = row.status;
    this.type = row.type;
    this.param = options.param ?? null;
    this.headers = { ...row.headers, ...retryAfter(options.retryAfter), ...options.headers };
  }

  /** What is sent. */
  get body(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }

  /** Recognises errors of another installed copy of this package too, which `instanceof` does not. */
  static isInstance(value: unknown): value is ApiError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}

/**
 * The reply to anything that was thrown. Total: what it doesn't know becomes one fixed sentence, with the
 * thrown value as `cause`.
 *
 * @param promptField the field that holds the prompt, named when the prompt is too long
 */
export function toApiError(error: unknown, promptField = 'messages'): ApiError {
  if (ApiError.isInstance(error)) return error;
  if (InferenceError.isInstance(error)) return inferenceReplies[error.code](error, promptField);
  if (isSchemaError(error)) {
    const { message, param } = firstProblem(error);
    return new ApiError('invalid_value', message, { param });
  }
  if (isUnreadable(error)) return toReadError(error);
  return new ApiError(
    'internal_error',
    'The server had an error processing your request. Its operator finds the cause by the request id.',
    { cause: error },
  );
}

/** Has a row for each code, or doesn't compile. */
const inferenceReplies = {
  model_not_found: ({ details }) => modelNotFound(details.model ?? ''),
  context_length_exceeded: ({ details: { contextLength, promptTokens } }, param) =>
    new ApiError('context_length_exceeded', contextSentence(contextLength, promptTokens, param), { param }),
  invalid_request: (error, promptField) =>
    new ApiError('invalid_value', error.message, { param: paramOf(error, promptField), cause: error }),
  unsupported: (error, promptField) =>
    new ApiError('unsupported', error.message, { param: paramOf(error, promptField), cause: error }),
  overloaded: (error) =>
    new ApiError('overloaded', 'The server is busy and its queue is full. Try again in a moment.', {
      retryAfter: error.details.retryAfter,
      cause: error,
    }),
  loading: (error) =>
    new ApiError('loading', 'The model is being loaded. Try again in a moment.', {
      retryAfter: error.details.retryAfter,
      cause: error,
    }),
  closed: (error) =>
    new ApiError('draining', 'The server is shutting down and takes no new requests.', {
      retryAfter: error.details.retryAfter,
      cause: error,
    }),
  engine_failed: (error) =>
    new ApiError('engine_failed', 'The engine failed while it worked on this request. It can be sent again.', {
      cause: error,
    }),
} as const satisfies Record<InferenceErrorCode, (error: InferenceError, promptField: string) => ApiError>;

/** The fields of a generation in OpenAI's words; the others have none. */
const params: Readonly<Partial<Record<RequestField, string>>> = {
  model: 'model',
  maxTokens: 'max_tokens',
  stop: 'stop',
  logitBias: 'logit_bias',
  repetitionPenalty: 'repetition_penalty',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  seed: 'seed',
};

function paramOf({ details: { field } }: InferenceError, promptField: string): string | null {
  if (field === undefined) return null;
  return field === 'prompt' ? promptField : (params[field] ?? null);
}

/** The same for a model that isn't there and for one that the caller may not use. */
export function modelNotFound(id: string, param: string | null = 'model'): ApiError {
  const named = id.length > 256 ? `${id.slice(0, 256)}…` : id;
  return new ApiError('model_not_found', `The model \`${named}\` does not exist or you do not have access to it.`, {
    param,
  });
}

/** Clients recognise this sentence by its words. */
function contextSentence(contextLength: number | undefined, tokens: number | undefined, field: string): string {
  const reduce = `Please reduce the length of the ${field}.`;
  if (contextLength === undefined || tokens === undefined) {
    return `This model's maximum context length is less than the length of your ${field}. ${reduce}`;
  }
  return `This model's maximum context length is ${contextLength} tokens. However, your ${field} resulted in ${tokens} tokens. ${reduce}`;
}

interface Unreadable extends Error {
  readonly status: number;
  readonly type: string;
}

/** Express's body parsers throw errors with a status and a type. */
function isUnreadable(error: unknown): error is Unreadable {
  if (!(error instanceof Error)) return false;
  const { status, type } = error as Partial<Unreadable>;
  return (
    typeof status === 'number' && status >= 400 && status < 500 && (type === undefined || typeof type === 'string')
  );
}

function toReadError({ status, type }: Unreadable): ApiError {
  if (status === 413) {
    return new ApiError('request_too_large', 'The body is larger than this server accepts. Send a shorter request.');
  }
  if (status === 415) {
    return new ApiError('unsupported_media_type', 'The body must be JSON in UTF-8, plain or compressed with gzip.');
  }
  if (type === 'entity.parse.failed') return new ApiError('invalid_json', 'The body is not valid JSON.');
  return new ApiError(
    'invalid_value',
    'The request could not be read to its end. Check its path, length and encoding.',
  );
}

function retryAfter(seconds: number | undefined): Record<string, string> {
  if (seconds === undefined) return {};
  return { 'retry-after': String(Math.min(60, Math.max(1, Math.ceil(seconds)))) };
}
