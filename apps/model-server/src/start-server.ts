import { authority, isLoopback } from './addresses.js';
import type { RefusedRequest } from './broken-request.js';
import type { Authentication } from './choose-authentication.js';
import { chooseAuthentication } from './choose-authentication.js';
import type { ServerConfig } from './config.js';
import type { Readiness } from './health.js';
import { holdRequests } from './hold-requests.js';
import type { Listening } from './listen.js';
import { listen } from './listen.js';
import type { Logger } from './logger.js';
import { chooseModels } from './model-catalog.js';
import type { ServerFacts } from './server-facts.js';
import { collectFacts } from './server-facts.js';
import { StartError } from './start-error.js';
import type { Engines, Log, Progress } from './start-engines.js';
import { startEngines } from './start-engines.js';
import { openKeys, prepareHome } from './state-folder.js';
import { clearTraces } from './trace-path.js';

export interface StartServerOptions {
  /** Called while models are prepared. @default each phase is a line in the log */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** @default a log on `logStream` in the configuration's format */
  readonly logger?: Logger | undefined;
  /** Where the default log goes. @default stderr */
  readonly logStream?: NodeJS.WritableStream | undefined;
  /** How long requests in flight may take when the server closes, in milliseconds. @default 30000 */
  readonly drainMs?: number | undefined;
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
 * (1) What can be seen to be wrong is refused first. (2) Keys are opened. (3) It listens. (4) Only then do engines
 * start, each in a process of its own, so that a port in use leaves no half-built model behind. While they load, the
 * rest of the server is read in; requests wait for that.
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
  clearTraces(models, config);
  prepareHome(config.home);
  const keys = config.openaiCompatible ? await openKeys(config.home) : undefined; // (2)
  let authentication: Authentication | undefined;
  let listening: Listening;
  const requests = holdRequests();
  const logging = options.logger ? Promise.resolve(options.logger) : createDefaultLogger(config, options.logStream);
  const log: Log = (level, message, facts) => void logging.then((logger) => logger.log(level, message, facts));
  try {
    authentication = keys && (await chooseAuthentication(config, keys));
    const onRefused = (refused: RefusedRequest) => logRefused(log, refused);
    listening = await listen(requests.listener, { host: config.host, port: config.port, onRefused }); // (3)
  } catch (error) {
    await keys?.close();
    throw error;
  }
  const engines = startEngines(models, config, { log, onProgress: options.onProgress ?? logPhases(log) }); // (4)
  const { backend } = engines;
  const state = { draining: false };
  try {
    const [logger, { createApp }] = await Promise.all([logging, import('./create-app.js')]);
    const readiness = () => readinessOf(state, engines);
    requests.release(createApp({ config, backend, authentication, logger, readiness }));
  } catch (error) {
    await Promise.allSettled([listening.close(0), backend.close(), keys?.close()]);
    throw error;
  }
  const { port } = listening;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${authority(config.host, port)}`,
    port,
    ready: async () => {
      await engines.ready();
      const { factsOf } = engines;
      return collectFacts(config, { port, models, authentication, factsOf, cards: await backend.models() });
    },
    close: () =>
      (closed ??= (async () => {
        state.draining = true;
        await listening.close(options.drainMs ?? 30_000);
        await backend.close();
        await keys?.close();
      })()),
  };
}

async function createDefaultLogger(
  { logFormat, apiKeys }: ServerConfig,
  stream: NodeJS.WritableStream = process.stderr,
): Promise<Logger> {
  const { createLogger } = await import('./logger.js');
  return createLogger({ format: logFormat, secrets: apiKeys, color: process.stderr.hasColors?.() ?? false, stream });
}

/** A line for a request that never reached the app; it has the id that its client was told. */
function logRefused(log: Log, { status, code, ip, requestId }: RefusedRequest): void {
  log('warn', `refused ${status}`, { code, ip, request_id: requestId });
}

/** A line for each new phase, where nobody watches. */
function logPhases(log: Log): (progress: Progress) => void {
  let last: string | undefined;
  return ({ phase }) => {
    if (phase !== last) log('info', phase, {});
    last = phase;
  };
}

function readinessOf({ draining }: { readonly draining: boolean }, engines: Engines): Readiness {
  if (draining) return { status: 'draining', reasons: ['The server is shutting down.'] };
  const unready = engines.unready();
  if (unready.length === 0) return { status: 'ready' };
  const status = unready.some(({ status }) => status === 'loading') ? 'loading' : 'degraded';
  return { status, reasons: unready.map(({ model, status }) => `The engine of '${model}' is ${status}.`) };
}
