import { ApiError, sendApiError } from '@mcli/http-adapter';
import type { RequestHandler } from 'express';
import { isLoopback } from './addresses.js';

export interface BrowserGuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Names that the Host header may hold beside those of this machine. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call the API; `*` is every page. */
  readonly corsOrigins: readonly string[];
}

const allowedHeaders =
  'authorization, content-type, api-key, x-api-key, openai-organization, openai-project, x-stainless-arch, x-stainless-async, ' +
  'x-stainless-lang, x-stainless-os, x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, ' +
  'x-stainless-runtime-version, x-stainless-timeout, x-stainless-helper-method';

/**
 * What web pages may do with this server. (1) A server on a loopback address answers only to its own names, so
 * that a page whose name was made to point here (DNS rebinding) gets nothing. (2) Pages of other origins
 * may read replies only when their origin is on the list.
 */
export function createBrowserGuard(options: BrowserGuardOptions): RequestHandler {
  const names = new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  const origins = new Set(options.corsOrigins);
  const checkHost = isLoopback(options.host);
  return (request, response, next) => {
    const name = hostName(request.headers.host);
    if (checkHost && name !== undefined && !isLoopback(name) && !names.has(name)) {
      const message = 'This server does not answer to this host name. Its operator can allow it with --allowed-host.'; // (1)
      return sendApiError(response, new ApiError('insufficient_permissions', message));
    }
    const { origin } = request.headers;
    if (origin !== undefined && (origins.has(origin) || origins.has('*'))) {
      response.setHeader('access-control-allow-origin', origin); // (2)
      response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
      response.vary('origin');
      if (request.method === 'OPTIONS') {
        response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
        response.setHeader('access-control-allow-headers', allowedHeaders);
        response.setHeader('access-control-max-age', '600');
        return void response.status(204).end();
      }
    }
    next();
  };
}

/** `Example.org:8080` → `example.org`, `[::1]:80` → `::1`. Browsers always name a host; other programs need not. */
function hostName(header: string | undefined): string | undefined {
  const host = header?.toLowerCase();
  if (host === undefined) return undefined;
  return /^\[([^\]]*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
}
