import {
  ApiError,
  answerError,
  answerUnknownUrl,
  assignRequestId,
  createOpenAIRouter,
  sendApiError,
} from '@mcli/http-adapter';
import type { InferenceBackend } from '@mcli/inference';
import type { Express, RequestHandler } from 'express';
import express from 'express';
import { createBasicRouter } from './basic-router.js';
import { createBrowserGuard } from './browser-guard.js';
import type { Authentication } from './choose-authentication.js';
import type { ServerConfig } from './config.js';
import type { Readiness } from './health.js';
import { createHealthRouter } from './health.js';
import { createAccessLog, logRequest } from './log-request.js';
import type { Logger } from './logger.js';
import { createRateLimit, rateLimitOf } from './rate-limit.js';
import { requireHost } from './require-host.js';
import { trustProxies } from './trust-proxies.js';

export interface AppParts {
  readonly config: ServerConfig;
  readonly backend: InferenceBackend;
  /** Undefined for the basic server, which has no keys. */
  readonly authentication: Pick<Authentication, 'verifier'> | undefined;
  readonly logger: Logger;
  readonly readiness: () => Readiness;
}

/**
 * The whole HTTP app, without a socket.
 *
 * (1) Whose request it is. Every reply gets its id, every request its line in the log, also one without a Host. (2) What web pages may do. (3) Health, without
 * keys or limits. (4) How often an address may ask. (5) Nothing new while the server drains. (6) The API.
 */
export function createApp({ config, backend, authentication, logger, readiness }: AppParts): Express {
  const accessLog = createAccessLog(logger);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(trustProxies(app, config, logger), assignRequestId, accessLog.record, requireHost); // (1)
  app.use(createBrowserGuard(config)); // (2)
  app.use(createHealthRouter(readiness)); // (3)
  const limit = rateLimitOf(config);
  if (limit) app.use(createRateLimit(limit)); // (4)
  app.use(refuseWhileDraining(readiness)); // (5)
  const guarded = config.loopGuard ? backend : withoutLoopGuard(backend);
  if (authentication) {
    const { verifier } = authentication;
    app.use(
      '/v1', // (6)
      accessLog.leaveOut,
      createOpenAIRouter({
        backend: guarded,
        authenticate: (credential) => verifier.verify(credential),
        bodyLimit: config.bodyLimit,
        strictParams: config.strictParams,
        onFinish: (report) => logRequest(logger, report),
      }),
    );
  } else {
    app.use(createBasicRouter({ backend: guarded, bodyLimit: config.bodyLimit }));
  }
  app.use(answerUnknownUrl);
  app.use(answerError);
  return app;
}

function refuseWhileDraining(readiness: () => Readiness): RequestHandler {
  return (_request, response, next) => {
    if (readiness().status !== 'draining') return next();
    response.setHeader('connection', 'close');
    sendApiError(response, new ApiError('draining', 'The server is shutting down and takes no new requests.'));
  };
}

function withoutLoopGuard(backend: InferenceBackend): InferenceBackend {
  return {
    models: () => backend.models(),
    generate: (request) => backend.generate({ ...request, loopGuard: false }),
    close: () => backend.close(),
  };
}
