import { ApiError, sendApiError } from '@mcli/http-adapter';
import type { RequestHandler } from 'express';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from './addresses.js';

export interface BrowserGuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Names that the Host header may hold beside those of this machine. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call the API; `*` is every page, `localhost` every port of this machine's own names. */
  readonly corsOrigins: readonly string[];
}

const methods = 'GET, HEAD, POST, OPTIONS';
const readableHeaders = 'x-request-id, retry-after, x-mcli-ignored-params';
const loopbackOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;
const headerName = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * What web pages may do with this server. (1) A server on a loopback address answers only to its own names, so
 * that a page whose name was made to point here (DNS rebinding) gets nothing. (2) Pages of other origins
 * may read replies only when their origin is on the list. (3) Browsers send no key with a preflight, so it is
 * answered here and never blamed for the lack of one; without these headers, the page stays blocked.
 */
export function createBrowserGuard(options: BrowserGuardOptions): RequestHandler {
  const names = new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  const origins = new Set(options.corsOrigins);
  const ownPages = origins.has('localhost');
  const checkHost = isLoopback(options.host);
  return (request, response, next) => {
    const name = hostName(request.headers.host);
    if (checkHost && name !== undefined && !isLoopback(name) && !names.has(name)) {
      const message = 'This server does not answer to this host name. Its operator can allow it with --allowed-host.'; // (1)
      return sendApiError(response, new ApiError('insufficient_permissions', message));
    }
    response.vary('origin');
    const { origin } = request.headers;
    const preflight = request.method === 'OPTIONS';
    if (
      origin !== undefined &&
      (origins.has('*') || origins.has(origin) || (ownPages && loopbackOrigin.test(origin)))
    ) {
      response.setHeader('access-control-allow-origin', origin); // (2)
      response.setHeader('access-control-expose-headers', readableHeaders);
      if (preflight) {
        response.setHeader('access-control-allow-methods', methods);
        response.setHeader('access-control-allow-headers', askedHeaders(request.headers));
        response.setHeader('access-control-max-age', '600');
        response.vary('access-control-request-headers');
      }
    }
    if (preflight) return void response.status(204).end(); // (3)
    next();
  };
}

/** `Example.org:8080` → `example.org`, `[::1]:80` → `::1`. Browsers always name a host; other programs need not. */
function hostName(header: string | undefined): string | undefined {
  const host = header?.toLowerCase();
  if (host === undefined) return undefined;
  return /^\[([^\]]*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
}

/** The names of the headers that a page wants to send; what every client sends when it names none. */
function askedHeaders(headers: IncomingHttpHeaders): string {
  const asked = String(headers['access-control-request-headers'] ?? '').split(',');
  const names = asked.map((name) => name.trim()).filter((name) => headerName.test(name));
  return names.length > 0 ? names.join(', ') : 'authorization, content-type';
}
