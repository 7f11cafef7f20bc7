import { ApiError, sendApiError } from '@mcli/http-adapter';
import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { isLoopback } from './addresses.js';
import type { ServerConfig } from './config.js';

/** Requests in a span of time. */
export interface RateLimit {
  readonly limit: number;
  readonly windowMs: number;
}

const onPublicAddresses: RateLimit = { limit: 10, windowMs: 60_000 };

/** Requests that one address may make; undefined when nothing limits them. */
export function rateLimitOf(config: Pick<ServerConfig, 'host' | 'rateLimit'>): RateLimit | undefined {
  if (config.rateLimit === 'off') return undefined;
  return config.rateLimit ?? (isLoopback(config.host) ? undefined : onPublicAddresses);
}

/** Refuses the requests of an address beyond its limit, with the time to wait. IPv6 addresses count by /64. */
export function createRateLimit({ limit, windowMs }: RateLimit): RequestHandler {
  return rateLimit({
    limit,
    windowMs,
    keyGenerator: (request) => ipKeyGenerator(request.ip ?? '', 64),
    standardHeaders: false,
    legacyHeaders: false,
    validate: false, // it would print stacks on stderr; the app has a word for the log on forwarded-for headers
    handler: (request, response) => {
      const { resetTime } = (request as typeof request & { rateLimit?: { resetTime?: Date } }).rateLimit ?? {};
      const waitMs = resetTime ? resetTime.getTime() - Date.now() : windowMs;
      const message = `Too many requests from this address: ${limit} in ${windowMs / 1000} seconds are allowed.`;
      sendApiError(response, new ApiError('rate_limit_exceeded', message, { retryAfter: waitMs / 1000 }));
    },
  });
}
