import type { InferenceBackend } from '@mcli/inference';
import type { RequestSchema } from '@mcli/openai-schema';
import type { Estimate } from './admit.js';
import type { Principal } from './principal.js';

/** One event of a stream. `data` is sent as JSON. */
export interface ServerSentEvent {
  /** The event's name, for streams whose events have names. @default none */
  readonly event?: string;
  readonly data: unknown;
}

export type Reply =
  | { readonly kind: 'json'; readonly body: unknown }
  /** The first event decides the status: what is thrown before it is answered with a status of its own. */
  | { readonly kind: 'events'; readonly events: AsyncIterable<ServerSentEvent> };

/** What a handler may use. */
export interface RequestContext {
  readonly backend: InferenceBackend;
  readonly principal: Principal;
  /** Parts of the path: `{ id: 'owner/name' }` for `/models/{id}`. */
  readonly params: Readonly<Record<string, string>>;
  /** Aborts when the client leaves and when the request is over. */
  readonly signal: AbortSignal;
  /** To be called once by what limits and quotas count, after its checks. @throws ApiError it may not start now */
  readonly admit: (estimate: Estimate) => Promise<void>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Which route a request took. */
export interface EndpointId {
  readonly method: 'GET' | 'POST';
  /** `{id}` stands for one or more segments of the path. */
  readonly path: string;
  /** What a caller needs to be allowed. */
  readonly scope: string;
}

/** One route: what it accepts and what it answers. Knows no web framework. */
export interface Endpoint<Body = unknown> extends EndpointId {
  /** Absent: a body is not read. */
  readonly body?: RequestSchema<Body>;
  /** Fields outside the schema whose silent loss would change what the request means. */
  readonly refused?: readonly string[];
  /** Fields inside the schema that have no effect on this request. */
  ignored?(body: Body): readonly string[];
  handle(body: Body, context: RequestContext): Promise<Reply>;
}

/** An endpoint, checked against its own body and then put beside the others. */
export function defineEndpoint<Body>(endpoint: Endpoint<Body>): Endpoint {
  return endpoint as Endpoint;
}
