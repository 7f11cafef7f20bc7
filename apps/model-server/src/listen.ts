import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { StartError } from './start-error.js';

export interface Listening {
  readonly port: number;
  /**
   * Stops taking connections, waits for requests in flight, then cuts what is left.
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
  const first = await open(listener, host === 'localhost' ? '127.0.0.1' : host, port, host);
  const servers = [first];
  const taken = (first.address() as AddressInfo).port;
  if (host === 'localhost') {
    const second = await open(listener, '::1', taken, host).catch((error: unknown) => {
      const reason = error instanceof StartError ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
      if (reason === 'EADDRINUSE') {
        first.close();
        throw error;
      }
      return undefined; // a machine without IPv6
    });
    if (second) servers.push(second);
  }
  return { port: taken, close: (graceMs) => closeAll(servers, graceMs) };
}

async function open(listener: RequestListener, address: string, port: number, host: string): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: 5000, maxHeaderSize: 16_384 }, listener);
  server.keepAliveTimeout = 65_000; // longer than clients keep idle connections
  server.headersTimeout = 66_000;
  server.requestTimeout = 120_000;
  server.on('clientError', answerBrokenRequest);
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
  } catch (error) {
    throw new StartError('failed', explain(error as NodeJS.ErrnoException, host, port), { cause: error });
  }
  return server;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} is in use. Choose another with --port, or 0 for a free one.`;
  if (error.code === 'EACCES')
    return `Port ${port} needs more rights than this user has. Choose one above 1023 with --port.`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `'${host}' is not an address of this machine.`;
  return `Listening on ${host}, port ${port}, failed: ${error.code ?? error.message}.`;
}

/** What Node's parser refuses never reaches the app; clients still read JSON. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = tooLarge ? '431 Request Header Fields Too Large' : late ? '408 Request Timeout' : '400 Bad Request';
  const message = tooLarge
    ? 'The request headers are too large.'
    : late
      ? 'The request did not arrive in time.'
      : 'The request is not valid HTTP.';
  const type = late ? 'server_error' : 'invalid_request_error';
  const body = JSON.stringify({ error: { message, type, param: null, code: null } });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function closeAll(servers: readonly Server[], graceMs: number): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise<void>((done) => server.close(() => done()))));
  // A kept-alive connection becomes idle only when its request ends, so idle ones are closed again and again.
  const sweep = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), 50);
  const cut = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
