import { ApiError, sendApiError } from '@mcli/http-adapter';
import type { RequestHandler } from 'express';

/** Refuses requests of HTTP/1.1 without exactly one Host header, as RFC 9112 asks; HTTP/1.0 needs none. */
export const requireHost: RequestHandler = (request, response, next) => {
  const hosts = request.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts === 1 || (hosts === 0 && request.httpVersion === '1.0')) return next();
  response.setHeader('connection', 'close');
  const message = hosts === 0 ? 'The request has no Host header.' : 'The request has more than one Host header.';
  sendApiError(response, new ApiError('invalid_value', `${message} HTTP/1.1 needs one.`));
};
