import { performance } from 'node:perf_hooks';
import type { Request, Response } from 'express';
import { parseRequest } from '@mcli/openai-schema';
import type { Estimate, Settle, Settlement } from './admit.js';
import { ApiError, toApiError } from './api-error.js';
import { type Credential, readCredential } from './credential.js';
import type { Endpoint, Reply } from './endpoint.js';
import { sendEvents } from './event-stream.js';
import { ignoredHeader } from './ignored-header.js';
import type { ReadBody } from './json-body.js';
import { matchEndpoint } from './match-endpoint.js';
import { type Meter, meterBackend } from './meter-backend.js';
import { type Authenticate, type AuthVerdict, hasScope, type Principal, type RequestOrigin } from './principal.js';
import { requestIdOf } from './request-id.js';
import type { ResolvedOptions } from './router-options.js';
import { sendApiError, unknownUrl } from './send-api-error.js';
import { sendJson } from './send-json.js';
import { unlessAborted } from './unless-aborted.js';

export interface Service {
  readonly endpoints: readonly Endpoint[];
  readonly readBody: ReadBody;
  readonly options: ResolvedOptions;
}

/** What is found out about a request while it is served. */
interface Progress {
  endpoint?: Endpoint;
  principal?: Principal;
  authReason?: string;
  error?: ApiError;
  settle?: Settle;
  /** The model that is asked for, once it is known to be there. */
  model?: string;
  streamed: boolean;
  firstTextAt?: number;
}

const KEY_HELP =
  "Incorrect API key provided. Send a valid key as 'Authorization: Bearer <key>'; keys come from the operator of this server, who makes them with 'mcli key create'.";

/**
 * Serves one request, from its first header to its last byte.
 *
 * (1) Who is calling, (2) which route, (3) may they, (4) what do they want, (5) may it start now, (6) do it,
 * (7) settle and send. Never rejects: whatever is thrown becomes an error reply.
 */
export async function serveRequest(request: Request, response: Response, service: Service): Promise<void> {
  const { options } = service;
  const startedAt = performance.now();
  const requestId = requestIdOf(response);
  const leaving = new AbortController();
  const closed = closeOf(response).then(() => leaving.abort());
  const path = request.originalUrl.split('?', 1)[0] ?? '';
  const origin = { ip: request.ip ?? '', method: request.method, path };
  const progress: Progress = { streamed: false };
  const meter = meterBackend(options.backend, () => (progress.firstTextAt = performance.now()));

  try {
    const principal = await identify(request, origin, progress, options); // (1)
    const reply = await answer(request, response, { principal, meter, progress, service, signal: leaving.signal });
    await send(response, reply, { meter, progress, options, signal: leaving.signal }); // (7)
  } catch (error) {
    progress.error = toApiError(error);
    await settle(progress, meter, leaving.signal.aborted ? 'cancelled' : 'failed').catch(() => undefined);
    sendApiError(response, progress.error);
  }
  await closed;

  const cancelled = !response.writableFinished;
  const failure = cancelled ? undefined : progress.error;
  const { endpoint } = progress;
  report(options, {
    requestId,
    ...origin,
    endpoint: endpoint && { method: endpoint.method, path: endpoint.path, scope: endpoint.scope },
    principal: progress.principal,
    status: response.headersSent ? response.statusCode : 499,
    code: failure?.code,
    durationMs: performance.now() - startedAt,
    timeToFirstTokenMs: progress.firstTextAt === undefined ? undefined : progress.firstTextAt - startedAt,
    usage: meter.usage,
    model: progress.model,
    streamed: progress.streamed,
    cancelled,
    authReason: progress.authReason,
    error: failure !== undefined && failure.status >= 500 ? (failure.cause ?? failure) : undefined,
  });
}

/** Resolves when the reply is out or nobody waits for it. */
function closeOf(response: Response): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    else response.once('close', resolve);
  });
}

async function identify(
  request: Request,
  origin: RequestOrigin,
  progress: Progress,
  { authenticate }: ResolvedOptions,
): Promise<Principal> {
  const verdict = await judge(readCredential(request.headers), origin, authenticate);
  if (verdict.ok) return (progress.principal = verdict.caller);
  progress.authReason = verdict.reason;
  throw new ApiError('invalid_api_key', KEY_HELP);
}

async function judge(read: Credential, origin: RequestOrigin, authenticate: Authenticate): Promise<AuthVerdict> {
  if (!read.ok) return { ok: false, reason: 'contradicting_headers' };
  try {
    return await authenticate(read.credential, origin);
  } catch (cause) {
    if (ApiError.isInstance(cause)) throw cause;
    throw new ApiError('storage_unavailable', 'API keys cannot be checked now. Try again in a moment.', { cause });
  }
}

interface Answering {
  readonly principal: Principal;
  readonly meter: Meter;
  readonly progress: Progress;
  readonly service: Service;
  readonly signal: AbortSignal;
}

async function answer(request: Request, response: Response, answering: Answering): Promise<Reply> {
  const { principal, meter, progress, signal } = answering;
  const { endpoints, readBody, options } = answering.service;
  const match = matchEndpoint(endpoints, request.method, request.path); // (2)
  if (match.kind === 'none') throw unknownUrl(request.method, request.originalUrl.split('?', 1)[0] ?? '');
  if (match.kind === 'method') throw methodNotAllowed(request.method, match.allowed);
  const { endpoint, params } = match;
  progress.endpoint = endpoint;
  if (!hasScope(principal, endpoint.scope)) {
    const message = `This API key lacks the scope '${endpoint.scope}', which this request needs.`;
    throw new ApiError('insufficient_permissions', message); // (3)
  }

  const body = endpoint.body && readFields(endpoint, await readBody(request, response), response, options); // (4)
  const admit = async (estimate: Estimate): Promise<void> => {
    progress.model = estimate.model;
    progress.settle = await options.admit(principal, endpoint, estimate); // (5)
    if (signal.aborted) await settle(progress, meter, 'cancelled'); // nobody else would, any more
  };
  const context = { backend: meter.backend, principal, params, signal, admit, now: options.now };
  return await unlessAborted(endpoint.handle(body, context), signal); // (6)
}

function readFields(endpoint: Endpoint, json: unknown, response: Response, options: ResolvedOptions): unknown {
  if (json === undefined) throw new ApiError('invalid_json', 'The request has no body. Send a JSON object.');
  if (typeof json !== 'object' || json === null || Array.isArray(json) || endpoint.body === undefined) {
    throw new ApiError('invalid_value', 'The body must be a JSON object.');
  }
  const parsed = parseRequest(endpoint.body, json);
  if (!parsed.ok) throw new ApiError('invalid_value', parsed.problem.message, { param: parsed.problem.param });
  const ignored = [...parsed.unknown, ...(endpoint.ignored?.(parsed.body) ?? [])];
  const refused = options.strictParams ? ignored[0] : ignored.find((name) => endpoint.refused?.includes(name));
  if (refused !== undefined) {
    const message = `The field '${refused}' is not supported by this server. Leave it out.`;
    throw new ApiError('unsupported', message, { param: refused });
  }
  if (ignored.length > 0) response.setHeader('x-mcli-ignored-params', ignoredHeader(ignored));
  return parsed.body;
}

function methodNotAllowed(method: string, allowed: readonly string[]): ApiError {
  const list = allowed.join(', ');
  return new ApiError('method_not_allowed', `${method} is not allowed here. Allowed: ${list}.`, {
    headers: { allow: list },
  });
}

interface Sending {
  readonly meter: Meter;
  readonly progress: Progress;
  readonly options: ResolvedOptions;
  readonly signal: AbortSignal;
}

async function send(response: Response, reply: Reply, { meter, progress, options, signal }: Sending): Promise<void> {
  const complete = (): Promise<void> => settle(progress, meter, 'completed');
  if (reply.kind === 'json') {
    await complete();
    sendJson(response, 200, reply.body);
    return;
  }
  progress.streamed = true;
  await sendEvents(response, reply.events, { keepAliveMs: options.keepAliveMs, signal, beforeDone: complete });
}

/** Settles at most once. */
async function settle(progress: Progress, meter: Meter, outcome: Settlement['outcome']): Promise<void> {
  const { settle: settleOnce } = progress;
  delete progress.settle;
  const usage = meter.usage ?? { promptTokens: 0, completionTokens: 0, cachedTokens: 0 };
  await settleOnce?.({ model: progress.model ?? '', usage, outcome });
}

function report(options: ResolvedOptions, ...[result]: Parameters<ResolvedOptions['onFinish']>): void {
  try {
    options.onFinish(result);
  } catch (error) {
    process.emitWarning(`onFinish threw: ${String(error)}`, 'McliWarning');
  }
}
