import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import { freePort } from './testing/free-port.js';
import { cleanEnvironment, temporaryHome } from './testing/mcli.js';

const program = resolve(import.meta.dirname, '../../cli/bin/mcli.js');
const key = 'a-key-of-the-first-moment-0123';

describe('The first moment of a server', () => {
  const home = temporaryHome();
  afterAll(() => home.remove());

  it('leaves no request without an answer, and is held up by no open socket when it ends', async () => {
    const model = join(home.path, 'tiny.gguf');
    await writeTinyGguf(model);
    const port = await freePort();
    const args = ['model', 'start', '--openai-compatible', '--host', '127.0.0.1', '--port', String(port)];
    const server = spawn(process.execPath, [program, ...args, '--api-key', key, '--model', model], {
      env: cleanEnvironment(home.path),
      stdio: 'ignore',
    });
    const ended = once(server, 'exit');
    const silent = await firstConnection(port);
    silent.on('error', () => undefined);
    const paths = ['/health', '/readyz', '/v1/models', '/livez'];
    const replies: Promise<Response>[] = [];
    for (let sent = 0; sent < 12; sent++) {
      const headers = { authorization: `Bearer ${key}` };
      replies.push(fetch(`http://127.0.0.1:${port}${paths[sent % 4]}`, { headers }));
      await sleep(2);
    }
    for (const { status, headers } of await Promise.all(replies)) {
      expect([200, 503]).toContain(status);
      expect(headers.get('x-request-id')).toMatch(/^req_/);
    }
    const startedAt = performance.now();
    server.kill('SIGTERM');
    await ended;
    expect(performance.now() - startedAt).toBeLessThan(20_000); // 30 s is what requests in flight may take
  });
});

/** The first connection that the port takes. */
async function firstConnection(port: number) {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await sleep(1);
    }
  }
}
