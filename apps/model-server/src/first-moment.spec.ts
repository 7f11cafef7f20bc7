import type { RequestListener } from 'node:http';
import { Writable } from 'node:stream';
import { connect } from 'node:net';
import { once } from 'node:events';
import { KeyManager } from '@mcli/auth-keys';
import { InferenceError } from '@mcli/inference';
import { echoBackend } from '@mcli/inference/testing';
import { readConfig } from './config.js';
import { createApp } from './create-app.js';
import type { Readiness } from './health.js';
import { holdRequests } from './hold-requests.js';
import type { Listening } from './listen.js';
import { listen } from './listen.js';
import { createLogger } from './logger.js';

const loading: Readiness = { status: 'loading', reasons: ['The engine is loading.'] };
const body = JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'hi' }] });

let listening: Listening | undefined;

afterEach(async () => {
  await listening?.close(0);
  listening = undefined;
});

describe('A port that opens before its app is loaded', () => {
  it('answers what came before, meanwhile and after', async () => {
    const { app, key, log } = await anApp();
    const requests = holdRequests();
    listening = await listen(requests.listener, { host: '127.0.0.1', port: 0 });
    const { port } = listening;
    const round = () => everything(port, key);
    const early = round();
    await once(connect(port, '127.0.0.1'), 'connect');
    const meanwhile = round();
    setImmediate(() => requests.release(app));
    await Promise.all([early, meanwhile].flat().map(answered));
    await Promise.all(round().map(answered));
    expect(log()).toMatch(/chat\/completions 503/);
    expect(log()).not.toContain('"level":"error"');
  });

  it('says 10 s where the backend knows nothing', async () => {
    const { app, key } = await anApp();
    listening = await listen(app, { host: '127.0.0.1', port: 0 });
    const headers = { authorization: `Bearer ${key}` };
    const { status, headers: sent } = await fetch(`http://127.0.0.1:${listening.port}/v1/models`, { headers });
    expect([status, sent.get('retry-after')]).toEqual([503, '10']);
  });

  it('tells /v1 and the basic server how long the load will take, and logs no error for it', async () => {
    for (const basic of [false, true]) {
      const { app, key, log } = await anApp({ basic, retryAfter: 23 });
      listening = await listen(app, { host: '127.0.0.1', port: 0 });
      const base = `http://127.0.0.1:${listening.port}`;
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const path = basic ? '/models/echo/generate' : '/v1/chat/completions';
      const refused = await fetch(`${base}${path}`, {
        method: 'POST',
        headers,
        body: basic ? '{"prompt":"hi"}' : body,
      });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '23']);
      expect(await refused.json()).toMatchObject({ error: { code: 'loading' } });
      const models = await fetch(`${base}${basic ? '/models' : '/v1/models'}`, { headers });
      expect([models.status, models.headers.get('retry-after')]).toEqual([503, '23']);
      await models.text();
      await listening.close(1000);
      expect(log().match(/"level":"info"/g)).toHaveLength(2);
      expect(log()).not.toContain('"level":"error"');
    }
  });

  it('forgets a request whose client has left', async () => {
    const seen: (string | undefined)[] = [];
    const requests = holdRequests();
    let arrived: () => void = () => undefined;
    const both = new Promise<void>((done) => (arrived = done));
    let count = 0;
    const listener: RequestListener = (request, response) => {
      requests.listener(request, response);
      if (++count === 2) arrived();
    };
    listening = await listen(listener, { host: '127.0.0.1', port: 0 });
    const leaver = new AbortController();
    const left = fetch(`http://127.0.0.1:${listening.port}/left`, { signal: leaver.signal });
    const stayed = fetch(`http://127.0.0.1:${listening.port}/stayed`);
    await both;
    leaver.abort();
    await expect(left).rejects.toThrow();
    await new Promise((done) => setTimeout(done, 100));
    requests.release((request, response) => {
      seen.push(request.url);
      response.end();
    });
    await stayed;
    expect(seen).toEqual(['/stayed']);
  });

  it('closes while nothing has been handed over, within its grace', async () => {
    const server = await listen(holdRequests().listener, { host: '127.0.0.1', port: 0 });
    const [reply] = await Promise.allSettled([fetch(`http://127.0.0.1:${server.port}/health`), server.close(50)]);
    expect(reply.status).toBe('rejected');
  });
});

/** One request to each kind of address, with the statuses that it may get. */
function everything(port: number, key: string) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const base = `http://127.0.0.1:${port}`;
  return [fetch(`${base}/livez`), fetch(`${base}/health`), fetch(`${base}/readyz`)].concat(
    fetch(`${base}/v1/models`, { headers }),
    fetch(`${base}/v1/chat/completions`, { method: 'POST', headers, body }),
  );
}

async function answered(reply: Promise<Response>, at: number): Promise<void> {
  const { status, headers } = await reply;
  expect(status).toBe(at % 5 === 0 ? 200 : 503);
  expect(headers.get('x-request-id')).toMatch(/^req_/);
  if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

async function anApp({ basic = false, retryAfter }: { basic?: boolean; retryAfter?: number } = {}) {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const keys = new KeyManager();
  const { key } = await keys.create({ name: 'test' });
  const error = new InferenceError('loading', 'The model is being loaded.', { details: { retryAfter } });
  const app = createApp({
    config: readConfig({ 'openai-compatible': !basic }, { MCLI_HOME: '/nowhere' }),
    backend: {
      ...echoBackend(),
      models: () => Promise.reject(error),
      generate: () => {
        throw error;
      },
    },
    authentication: basic ? undefined : { verifier: keys },
    logger: createLogger({ format: 'json', stream }),
    readiness: () => loading,
  });
  return { app, key, log: () => written };
}
