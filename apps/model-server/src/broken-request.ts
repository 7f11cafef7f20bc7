import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A request that was answered before it could reach the app. */
export interface RefusedRequest {
  readonly status: number;
  readonly code: string;
  /** The other end of the connection; undefined when it is gone. */
  readonly ip: string | undefined;
  /** The one in the reply. */
  readonly requestId: string;
}

interface Reply {
  /** With its words, such as `400 Bad Request`. */
  readonly status: string;
  readonly message: string;
  readonly type: 'invalid_request_error' | 'server_error';
  readonly code: string;
  /** Whole lines, each with its end. */
  readonly headers?: string;
}

/**
 * Answers a request that Node's parser refused, which never reaches the app: clients still read JSON.
 *
 * @param begun the response of the request whose rest can't be read, if the app has begun with it
 * @returns undefined when nothing was written: nobody is there, or a reply is on its way already
 */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  begun?: ServerResponse,
): RefusedRequest | undefined {
  if (error.code === 'ECONNRESET' || begun?.headersSent || !socket.writable) return void socket.destroy();
  const refused = end(socket, replyTo(error.code), begun);
  return begun ? undefined : refused; // the app has a line for what it has begun
}

/** Answers `CONNECT`: this server is no proxy. */
export function answerConnect(socket: Socket): RefusedRequest {
  const message = 'CONNECT is not allowed here. Allowed: GET, POST.';
  return end(socket, {
    status: '405 Method Not Allowed',
    message,
    type: 'invalid_request_error',
    code: 'method_not_allowed',
    headers: 'Allow: GET, HEAD, POST\r\n',
  });
}

/** Answers a request whose body is still missing when the server closes. */
export function answerUnfinished(response: ServerResponse): void {
  const { socket } = response;
  if (!socket) return;
  if (response.headersSent) return void socket.destroy();
  const message = 'The server is shutting down and takes no new requests.';
  const reply = { status: '503 Service Unavailable', message, type: 'server_error', code: 'draining' } as const;
  end(socket, { ...reply, headers: 'Retry-After: 5\r\n' }, response);
}

function replyTo(code: string | undefined): Reply {
  const type = 'invalid_request_error';
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      const message = 'The request headers are larger than this server accepts.';
      return { status: '431 Request Header Fields Too Large', message, type, code: 'invalid_value' };
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW': {
      const message = 'The body is larger than this server accepts. Send a shorter request.';
      return { status: '413 Payload Too Large', message, type, code: 'request_too_large' };
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT': {
      const message = 'The request did not arrive in time.';
      return { status: '408 Request Timeout', message, type: 'server_error', code: 'request_timeout' };
    }
    default:
      return { status: '400 Bad Request', message: 'The request is not valid HTTP.', type, code: 'invalid_value' };
  }
}

/** How long who was refused may take to read the reply and close. */
const lingerMs = 1000;

function end(socket: Socket, { status, message, type, code, headers = '' }: Reply, begun?: ServerResponse) {
  const known = begun?.getHeader('x-request-id');
  const requestId = typeof known === 'string' ? known : newRequestId();
  const body = JSON.stringify({ error: { message, type, param: null, code } });
  const ip = socket.remoteAddress;
  socket.on('error', () => undefined); // who sends such a thing may be gone
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-Id: ${requestId}\r\n${headers}Connection: close\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), lingerMs).unref();
  return { status: parseInt(status, 10), code, ip, requestId };
}

/** Of the form that the app's own ids have: `req_` and 24 letters or digits. */
function newRequestId(): string {
  return `req_${randomBytes(12).toString('hex')}`;
}
