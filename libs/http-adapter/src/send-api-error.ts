import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { ServerResponse } from 'node:http';
import { ApiError, type ApiErrorCode, toApiError } from './api-error.js';
import { sendJson } from './send-json.js';

const sentCodes = new WeakMap<ServerResponse, ApiErrorCode>();

/** The code of the error that this response was answered with, for a log; undefined when there was none. */
export function errorCodeOf(response: ServerResponse): ApiErrorCode | undefined {
  return sentCodes.get(response);
}

/**
 * Sends an error reply: JSON with its own status, or the last event of a stream that has begun. Does
 * nothing when nobody listens any more.
 */
export function sendApiError(response: ServerResponse, error: ApiError): void {
  if (response.destroyed || response.writableEnded) return;
  sentCodes.set(response, error.code);
  if (response.headersSent) {
    if (isEventStream(response)) response.end(`data: ${JSON.stringify(error.body)}\n\n`);
    else response.destroy(); // half of something else: the client must not take it for the whole
    return;
  }
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  sendJson(response, error.status, error.body);
}

function isEventStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type')).startsWith('text/event-stream');
}

/** The error for an address where nothing is. */
export function unknownUrl(method: string, path: string): ApiError {
  return new ApiError('unknown_url', `Unknown request URL: ${method} ${path.slice(0, 256)}. Check the address.`);
}

/** For the end of an app: answers what no route took. */
export const answerUnknownUrl: RequestHandler = (request, response) => {
  sendApiError(response, unknownUrl(request.method, request.path));
};

/** For the end of an app: answers whatever was thrown, in the same shape as the router does. */
export const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) next(error);
  else sendApiError(response, toApiError(error));
};
