import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { listen } from './listen.js';
import { StartError } from './start-error.js';

describe('listen', () => {
  it('takes a free port, the same for both families of localhost', async () => {
    const server = await listen(hello, 'localhost', 0);
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe('hello');
    await server.close(1000);
  });

  it('says that a port is in use', async () => {
    const server = await listen(hello, 'localhost', 0);
    const second = listen(hello, 'localhost', server.port);
    await expect(second).rejects.toThrow(StartError);
    await expect(second).rejects.toThrow(`Port ${server.port} is in use. Choose another with --port`);
    await server.close(1000);
  });

  it("says that an address is not this machine's", async () => {
    await expect(listen(hello, '192.0.2.1', 0)).rejects.toThrow(/is not an address of this machine/);
  });

  it('answers what is no HTTP in JSON', async () => {
    const server = await listen(hello, '127.0.0.1', 0);
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
      '127.0.0.1',
      0,
    );
    const reply = await fetch(`http://127.0.0.1:${server.port}/`);
    const closed = server.close(10_000);
    setTimeout(() => finish(), 50);
    expect(await reply.text()).toBe('begun ended');
    await closed;
  });

  it('cuts a request that never ends, after its grace', async () => {
    const server = await listen((_request, response) => void response.write('begun '), '127.0.0.1', 0);
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
