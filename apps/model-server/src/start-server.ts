import {
  ApiError,
  answerError,
  answerUnknownUrl,
  assignRequestId,
  createOpenAIRouter,
  sendApiError,
} from '@mcli/http-adapter';
import type { InferenceBackend } from '@mcli/inference';
import type { Express } from 'express';
import express from 'express';
import { authority, isLoopback } from './addresses.js';
import { createBasicRouter } from './basic-router.js';
import { createBrowserGuard } from './browser-guard.js';
import type { Authentication } from './choose-authentication.js';
import { chooseAuthentication } from './choose-authentication.js';
import type { ServerConfig } from './config.js';
import type { Readiness } from './health.js';
import { createHealthRouter } from './health.js';
import { listen } from './listen.js';
import { logRequest } from './log-request.js';
import type { Logger } from './logger.js';
import { createLogger } from './logger.js';
import type { CatalogModel } from './model-catalog.js';
import { chooseModels } from './model-catalog.js';
import { createRateLimit, rateLimitOf } from './rate-limit.js';
import { StartError } from './start-error.js';
import type { Engines, Progress } from './start-engines.js';
import { startEngines } from './start-engines.js';
import { openKeys, prepareHome } from './state-folder.js';

export interface StartServerOptions {
  /** Called while models are prepared. @default nobody is told */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** @default a log on stderr in the configuration's format */
  readonly logger?: Logger | undefined;
  /** How long requests in flight may take when the server closes, in milliseconds. @default 30000 */
  readonly drainMs?: number | undefined;
}

/** What a person should know of a server that is ready. */
export interface ServerFacts {
  readonly openaiCompatible: boolean;
  /** Where clients point to: with `/v1` for the OpenAI API. */
  readonly url: string;
  readonly models: readonly { readonly id: string; readonly embedded: boolean }[];
  /** Tokens that one request may hold. */
  readonly contextLength: number;
  /** Generations that run at once. */
  readonly slots: number;
  /** Generations that may wait. */
  readonly queue: number;
  readonly authentication: string;
  readonly warnings: readonly string[];
  readonly home: string;
  /** The whole first key, when one was made at this start. Show it once. */
  readonly firstKey?: string;
}

export interface RunningServer {
  /** Base address, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Resolves when every model answers. @throws the first model's reason not to */
  ready(): Promise<ServerFacts>;
  /** Takes no new work, lets running requests end, then frees everything. */
  close(): Promise<void>;
}

/**
 * Starts the server: it listens at once, and answers `/v1` with 503 until its models are loaded.
 *
 * (1) What can be wrong is found before anything is started. (2) Engines start loading. (3) The app is put
 * together: request ids, the browser guard, health without keys or limits, then the API, then 404. (4) It listens.
 *
 * @throws StartError, KeyStoreError: what stands in the way, in one line
 */
export async function startServer(config: ServerConfig, options: StartServerOptions = {}): Promise<RunningServer> {
  const models = chooseModels(config); // (1)
  if (!config.openaiCompatible && !isLoopback(config.host)) {
    throw new StartError(
      'usage',
      'The basic server has no keys and stays on this machine. Add --openai-compatible, or leave --host out.',
    );
  }
  prepareHome(config.home);
  const logger =
    options.logger ?? createLogger({ format: config.logFormat, secrets: config.apiKeys, color: process.stderr.isTTY });
  const keys = config.openaiCompatible ? await openKeys(config.home) : undefined;
  let engines: Engines | undefined;
  try {
    const authentication = keys && (await chooseAuthentication(config, keys));
    const state = { draining: false };
    engines = startEngines(models, config, { logger, onProgress: options.onProgress }); // (2)
    const { backend, ready, unready } = engines;
    const app = createApp({ config, backend, authentication, logger, readiness: () => readinessOf(state, unready()) }); // (3)
    const listening = await listen(app, config.host, config.port); // (4)
    const url = `http://${authority(config.host, listening.port)}`;
    let closed: Promise<void> | undefined;
    return {
      url,
      port: listening.port,
      ready: async () => {
        await ready();
        return collectFacts(config, { url, models, authentication, backend });
      },
      close: () =>
        (closed ??= (async () => {
          state.draining = true;
          await listening.close(options.drainMs ?? 30_000);
          await backend.close();
          await keys?.close();
        })()),
    };
  } catch (error) {
    await engines?.backend.close();
    await keys?.close();
    throw error;
  }
}

interface AppParts {
  readonly config: ServerConfig;
  readonly backend: InferenceBackend;
  readonly authentication: Authentication | undefined;
  readonly logger: Logger;
  readonly readiness: () => Readiness;
}

/** The whole HTTP app, without a socket. */
export function createApp({ config, backend, authentication, logger, readiness }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(assignRequestId);
  app.use(createBrowserGuard(config));
  app.use(createHealthRouter(readiness));
  const limit = rateLimitOf(config);
  if (limit) app.use(createRateLimit(limit));
  app.use((_request, response, next) => {
    if (readiness().status !== 'draining') return next();
    response.setHeader('connection', 'close');
    sendApiError(response, new ApiError('draining', 'The server is shutting down and takes no new requests.'));
  });
  const guarded = config.loopGuard ? backend : withoutLoopGuard(backend);
  if (authentication) {
    const { verifier } = authentication;
    app.use(
      '/v1',
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

function readinessOf(state: { draining: boolean }, unready: readonly { model: string; status: string }[]): Readiness {
  if (state.draining) return { status: 'draining', reasons: ['The server is shutting down.'] };
  if (unready.length === 0) return { status: 'ready' };
  const status = unready.some(({ status }) => status === 'loading') ? 'loading' : 'degraded';
  return { status, reasons: unready.map(({ model, status }) => `The engine of '${model}' is ${status}.`) };
}

async function collectFacts(
  config: ServerConfig,
  parts: {
    url: string;
    models: readonly CatalogModel[];
    authentication: Authentication | undefined;
    backend: InferenceBackend;
  },
): Promise<ServerFacts> {
  const cards = await parts.backend.models();
  const limit = rateLimitOf(config);
  const outside = isLoopback(config.host)
    ? []
    : [
        `${config.host} can be reached from other machines, without TLS. Put a reverse proxy such as nginx in front.` +
          (limit ? ` An address may make ${limit.limit} requests in ${limit.windowMs / 1000} s (--rate-limit).` : ''),
      ];
  const { firstKey, description, warnings = [] } = parts.authentication ?? {};
  return {
    openaiCompatible: config.openaiCompatible,
    url: config.openaiCompatible ? `${parts.url}/v1` : parts.url,
    models: parts.models.map(({ id, embedded }) => ({ id, embedded })),
    contextLength: Math.min(...cards.map(({ contextLength }) => contextLength)),
    slots: Math.min(...cards.map(({ slots }) => slots ?? 1)),
    queue: config.queue,
    authentication: description ?? 'none: the basic server answers everyone on this machine',
    warnings: [...outside, ...warnings],
    home: config.home,
    ...(firstKey === undefined ? {} : { firstKey }),
  };
}

function withoutLoopGuard(backend: InferenceBackend): InferenceBackend {
  return {
    models: () => backend.models(),
    generate: (request) => backend.generate({ ...request, loopGuard: false }),
    close: () => backend.close(),
  };
}
