import type { Usage } from '@mcli/inference';
import type { ApiErrorCode } from './api-error.js';
import type { EndpointId } from './endpoint.js';
import type { Principal } from './principal.js';

/** What became of one request: for logs, metrics, billing. Holds no credential and no text of prompt or answer. */
export interface RequestReport {
  readonly requestId: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The client's address, as Express sees it. */
  readonly ip: string;
  /** `undefined` when no route was reached. */
  readonly endpoint: EndpointId | undefined;
  /** `undefined` when the caller was refused. */
  readonly principal: Principal | undefined;
  /** What was sent; 499 when the client left before anything was. A stream that failed later has 200 and a `code`. */
  readonly status: number;
  /** Of the error that was sent. */
  readonly code: ApiErrorCode | undefined;
  /** From the request's arrival to its last byte. */
  readonly durationMs: number;
  /** From the request's arrival to the first text of an answer; `undefined` when there was none. */
  readonly timeToFirstTokenMs: number | undefined;
  /** Of all answers together, the prompt once. Of an unfinished request: what was counted so far. */
  readonly usage: Usage | undefined;
  /** The model that answered. */
  readonly model: string | undefined;
  readonly streamed: boolean;
  /** The client left before the reply was whole. */
  readonly cancelled: boolean;
  /** Why the caller was refused. For logs alone: callers get one answer for all reasons. */
  readonly authReason: string | undefined;
  /** What was thrown, when the reply was a 5xx or a stream broke. */
  readonly error: unknown;
}
