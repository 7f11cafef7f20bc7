import { once } from 'node:events';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerBrokenRequest, answerConnect } from './broken-request.js';
import { StartError } from './start-error.js';

export interface Listening {
  readonly port: number;
  /**
   * Waits for the requests in flight, then stops listening and cuts what is left. Until then new requests
   * reach the app, which can say that it is going away.
   *
   * @param graceMs how long requests in flight may take
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens on `host`; `localhost` is 127.0.0.1 and, where this machine has it, ::1.
 *
 * @param port 0 takes a free one, the same for both addresses
 * @throws StartError `failed` when the address can't be had, with the reason
 */
export async function listen(listener: RequestListener, host: string, port: number): Promise<Listening> {
  const running = new Set<ServerResponse>();
  const counted: RequestListener = (request, response) => {
    running.add(response);
    response.once('close', () => running.delete(response));
    listener(request, response);
  };
  const servers = await openAll(counted, running, host, port);
  const taken = (servers[0]?.address() as AddressInfo).port;
  return { port: taken, close: (graceMs) => closeAll(servers, running, graceMs) };
}

/** How often another free port is tried when the one that IPv4 gave is taken on IPv6. */
const freePortAttempts = 10;

async function openAll(
  listener: RequestListener,
  running: ReadonlySet<ServerResponse>,
  host: string,
  port: number,
): Promise<Server[]> {
  if (host !== 'localhost') return [await open(listener, running, { address: host, port, host })];
  for (let attempt = 1; ; attempt++) {
    const first = await open(listener, running, { address: '127.0.0.1', port, host });
    const taken = (first.address() as AddressInfo).port;
    try {
      return [first, await open(listener, running, { address: '::1', port: taken, host })];
    } catch (error) {
      const inUse = error instanceof StartError && codeOf(error.cause) === 'EADDRINUSE';
      if (!inUse) return [first]; // a machine without IPv6
      first.close();
      if (port !== 0 || attempt === freePortAttempts) throw error;
    }
  }
}

async function open(
  listener: RequestListener,
  running: ReadonlySet<ServerResponse>,
  { address, port, host }: { readonly address: string; readonly port: number; readonly host: string },
): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: 5000, maxHeaderSize: 16_384 }, listener);
  server.keepAliveTimeout = 65_000; // longer than clients keep idle connections
  server.headersTimeout = 66_000;
  server.requestTimeout = 120_000;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const replying = [...running].some((response) => response.req.socket === socket && response.headersSent);
    answerBrokenRequest(error, socket, replying);
  });
  server.on('connect', (_request, socket) => answerConnect(socket));
  server.on('checkExpectation', listener);
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
  } catch (error) {
    throw new StartError('failed', explain(codeOf(error), host, port), { cause: error });
  }
  return server;
}

function explain(code: string | undefined, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Choose another with --port, or 0 for a free one.`;
    case 'EACCES':
      return `Port ${port} needs more rights than this user has. Choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `'${host}' is not an address of this machine. Choose another with --host, such as localhost.`;
    default:
      return `Listening on ${host}, port ${port}, failed: ${code ?? 'unknown reason'}.`;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Time for replies to requests that came while others were waited for. */
const lastRepliesMs = 250;

async function closeAll(
  servers: readonly Server[],
  running: ReadonlySet<ServerResponse>,
  graceMs: number,
): Promise<void> {
  const ended = [...running].map((response) => new Promise((done) => response.once('close', done)));
  const grace = new AbortController();
  const timeUp = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
  await Promise.race([Promise.all(ended), timeUp]);
  grace.abort();
  const closed = Promise.all(servers.map((server) => new Promise<void>((done) => server.close(() => done()))));
  // What is left came while waiting and is refused at once, or has used up its time.
  const sweep = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), 20);
  const cut = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), lastRepliesMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
