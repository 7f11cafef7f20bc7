import { once } from 'node:events';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RefusedRequest } from './broken-request.js';
import { answerBrokenRequest, answerConnect, answerUnfinished } from './broken-request.js';
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

export interface ListenOptions {
  /** Address or name; `localhost` is 127.0.0.1 and, where this machine has it, ::1. */
  readonly host: string;
  /** 0 takes a free one, the same for both addresses. */
  readonly port: number;
  /** Told of requests that were answered here, because what came was no HTTP. @default nobody is told */
  readonly onRefused?: ((refused: RefusedRequest) => void) | undefined;
}

/** What is open on all addresses. */
interface Traffic {
  readonly sockets: Set<Socket>;
  readonly running: Set<ServerResponse>;
}

/**
 * Opens the port. Whatever comes is answered: by `listener`, or in its shape where Node's parser refuses it.
 *
 * @throws StartError `failed` when the address can't be had, with the reason
 */
export async function listen(listener: RequestListener, options: ListenOptions): Promise<Listening> {
  const traffic: Traffic = { sockets: new Set(), running: new Set() };
  const counted: RequestListener = (request, response) => {
    traffic.running.add(response);
    response.once('close', () => traffic.running.delete(response));
    listener(request, response);
  };
  const servers = await openAll(counted, traffic, options);
  const taken = (servers[0]?.address() as AddressInfo).port;
  return { port: taken, close: (graceMs) => closeAll(servers, traffic, graceMs) };
}

/** How often another free port is tried when the one that IPv4 gave is taken on IPv6. */
const freePortAttempts = 10;

async function openAll(listener: RequestListener, traffic: Traffic, options: ListenOptions): Promise<Server[]> {
  const { host, port } = options;
  if (host !== 'localhost') return [await open(listener, traffic, host, options)];
  for (let attempt = 1; ; attempt++) {
    const first = await open(listener, traffic, '127.0.0.1', options);
    const taken = (first.address() as AddressInfo).port;
    try {
      return [first, await open(listener, traffic, '::1', { ...options, port: taken })];
    } catch (error) {
      const inUse = error instanceof StartError && codeOf(error.cause) === 'EADDRINUSE';
      if (!inUse) return [first]; // a machine without IPv6
      first.close();
      for (const socket of traffic.sockets) socket.destroy();
      if (port !== 0 || attempt === freePortAttempts) throw error;
    }
  }
}

async function open(
  listener: RequestListener,
  { sockets, running }: Traffic,
  address: string,
  { host, port, onRefused = () => undefined }: ListenOptions,
): Promise<Server> {
  // A request without a Host gets its 400 from the app.
  const server = createServer({ connectionsCheckingInterval: 5000, maxHeaderSize: 16_384, requireHostHeader: false });
  server.keepAliveTimeout = 65_000; // longer than clients keep idle connections
  server.headersTimeout = 66_000;
  server.requestTimeout = 120_000;
  server.on('request', listener);
  server.on('checkExpectation', listener);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = [...running].find((response) => response.req.socket === socket);
    const refused = answerBrokenRequest(error, socket as Socket, begun);
    if (refused) onRefused(refused);
  });
  server.on('connect', (_request, socket) => onRefused(answerConnect(socket as Socket)));
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

/** How long bodies that are on their way when the server closes may take; they are refused then. */
const arrivalMs = 1000;

async function closeAll(servers: readonly Server[], { sockets, running }: Traffic, graceMs: number): Promise<void> {
  const ended = [...running].map((response) => new Promise((done) => response.once('close', done)));
  const refusing = setTimeout(
    () => {
      for (const response of running) if (!response.req.complete) answerUnfinished(response);
    },
    Math.min(arrivalMs, graceMs),
  );
  const grace = new AbortController();
  const timeUp = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
  await Promise.race([Promise.all(ended), timeUp]);
  grace.abort();
  clearTimeout(refusing);
  const closed = Promise.all(servers.map((server) => new Promise<void>((done) => server.close(() => done()))));
  // What is left came while waiting and is refused at once, never became a request, or has used up its time.
  const sweep = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), 20);
  const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), lastRepliesMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
