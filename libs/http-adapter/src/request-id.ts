import type { RequestHandler } from 'express';
import type { ServerResponse } from 'node:http';
import { randomText } from './random-text.js';

const HEADER = 'x-request-id';
const FORM = /^req_[0-9A-Za-z]{24}$/;

/**
 * The id of the request that this response answers: `req_` and 24 letters or digits. Made and set as
 * `x-request-id` at the first call. What the client calls its request plays no part.
 */
export function requestIdOf(response: ServerResponse): string {
  const known = response.getHeader(HEADER);
  if (typeof known === 'string' && FORM.test(known)) return known;
  const id = `req_${randomText(24)}`;
  if (!response.headersSent) response.setHeader(HEADER, id);
  return id;
}

/** Middleware that gives every reply of an app its id. The router keeps an id that it finds. */
export const assignRequestId: RequestHandler = (_request, response, next) => {
  requestIdOf(response);
  next();
};
