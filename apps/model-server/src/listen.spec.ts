import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { RefusedRequest } from './broken-request.js';
import { listen } from './listen.js';
import { StartError } from './start-error.js';

describe('listen', () => {
  it('takes a free port, the same for both families of localhost', async () => {
    const server = await listen(hello, { host: 'localhost', port: 0 });
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe('hello');
    await server.close(1000);
  });

  it('says that a port is in use', async () => {
    const server = await listen(hello, { host: 'localhost', port: 0 });
    const second = listen(hello, { host: 'localhost', port: server.port });
    await expect(second).rejects.toThrow(StartError);
    await expect(second).rejects.toThrow(`Port ${server.port} is in use. Choose another with --port`);
    await server.close(1000);
  });

  it("says that an address is not this machine's", async () => {
    await expect(listen(hello, { host: '192.0.2.1', port: 0 })).rejects.toThrow(/is not an address of this machine/);
  });

  it('answers what is no HTTP in JSON', async () => {
    const server = await listen(hello, { host: '127.0.0.1', port: 0 });
    const reply = await raw(server.port, 'NONSENSE\r\n\r\n');
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(await raw(server.port, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(/ 431 /);
    await server.close(1000);
  });

  it('lets a running request end when it closes', async () => {
    let finish: () => void = () => undefined;
    const server = await listen(
      (_request, response) => {
        response.write('begun ');
        finish = () => response.end('ended');
      },
      { host: '127.0.0.1', port: 0 },
    );
    const reply = await fetch(`http://127.0.0.1:${server.port}/`);
    const closed = server.close(10_000);
    setTimeout(() => finish(), 50);
    expect(await reply.text()).toBe('begun ended');
    await closed;
  });

  it('tells of what it refused, with the id of the reply', async () => {
    const refused: RefusedRequest[] = [];
    const server = await listen(hello, { host: '127.0.0.1', port: 0, onRefused: (told) => refused.push(told) });
    const head = 'POST / HTTP/1.1\r\nhost: x\r\n';
    const sent = [
      ['NONSENSE\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
      ['CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      [`${head}content-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
    ] as const;
    for (const [text, status] of sent) {
      const reply = await raw(server.port, text);
      const told = refused.pop();
      expect(told).toMatchObject({ status, ip: '127.0.0.1', code: expect.any(String) });
      expect(reply).toContain(`HTTP/1.1 ${status} `);
      expect(reply).toContain(`X-Request-Id: ${told?.requestId}\r\n`);
    }
    expect(refused).toEqual([]);
    expect(await raw(server.port, `${head}expect: a pony\r\nconnection: close\r\n\r\n`)).toContain('hello');
    await server.close(1000);
  });

  it('is held up by no connection that sent nothing or half a request', async () => {
    const server = await listen((request, response) => void request.resume().on('end', () => response.end('hello')), {
      host: '127.0.0.1',
      port: 0,
    });
    const halves = [
      '',
      'GET / HT',
      'GET / HTTP/1.1\r\nhost:',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf',
    ];
    const replies = halves.map((text) => raw(server.port, text));
    await raw(server.port, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'); // all have arrived
    const startedAt = performance.now();
    await server.close(60_000);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    const [last, ...others] = (await Promise.all(replies)).reverse();
    expect(others).toEqual(['', '', '']);
    expect(last).toMatch(/^HTTP\/1\.1 503 [^]*"code":"draining"/);
  });

  it('lets a body arrive that is on its way when it closes', async () => {
    const server = await listen((request, response) => void request.resume().on('end', () => response.end('hello')), {
      host: '127.0.0.1',
      port: 0,
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\nha');
    await once(socket, 'data');
    const closed = server.close(10_000);
    socket.write('lf');
    expect(String(await once(socket, 'data'))).toMatch(/ 200 OK/);
    socket.end();
    await closed;
  });

  it('cuts a request that never ends, after its grace', async () => {
    const server = await listen((_request, response) => void response.write('begun '), { host: '127.0.0.1', port: 0 });
    const reply = await fetch(`http://127.0.0.1:${server.port}/`);
    await server.close(50);
    await expect(reply.text()).rejects.toThrow();
  });
});

function hello(_request: IncomingMessage, response: ServerResponse): void {
  response.end('hello');
}

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let reply = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
    socket.on('close', () => resolve(reply)).on('error', reject);
  });
}
