import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';

/**
 * Answers a request that Node's parser refused, which never reaches the app: clients still read JSON.
 *
 * @param replying a reply is on its way over this connection, into which nothing else may be written
 */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, replying: boolean): void {
  if (error.code === 'ECONNRESET' || replying || !socket.writable) return void socket.destroy();
  const { status, message, type } = explain(error.code);
  end(socket, status, { message, type, code: status.startsWith('408') ? 'request_timeout' : 'invalid_value' });
}

/** Answers `CONNECT`: this server is no proxy. */
export function answerConnect(socket: Duplex): void {
  const message = 'CONNECT is not allowed here. Allowed: GET, POST.';
  const allow = 'Allow: GET, HEAD, POST\r\n';
  end(socket, '405 Method Not Allowed', { message, type: 'invalid_request_error', code: 'method_not_allowed' }, allow);
}

function explain(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = 'The request headers are larger than this server accepts.';
    return { status: '431 Request Header Fields Too Large', message, type: 'invalid_request_error' };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: '408 Request Timeout', message: 'The request did not arrive in time.', type: 'server_error' };
  }
  return { status: '400 Bad Request', message: 'The request is not valid HTTP.', type: 'invalid_request_error' };
}

function end(socket: Duplex, status: string, error: { message: string; type: string; code: string }, more = ''): void {
  const body = JSON.stringify({ error: { message: error.message, type: error.type, param: null, code: error.code } });
  socket.on('error', () => undefined); // who sends such a thing may be gone
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-Id: ${newRequestId()}\r\n${more}Connection: close\r\n\r\n${body}`,
  );
}

/** Of the form that the app's own ids have: `req_` and 24 letters or digits. */
function newRequestId(): string {
  return `req_${randomBytes(12).toString('hex')}`;
}
