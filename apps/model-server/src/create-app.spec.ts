import { connect } from 'node:net';
import { echoBackend } from '@mcli/inference/testing';
import request from 'supertest';
import type { Readiness } from './health.js';
import { listen } from './listen.js';
import { anApp } from './testing/an-app.js';

const chat = { messages: [{ role: 'user', content: 'a very private prompt' }] };

describe('The app', () => {
  it('answers health without a key and everything else of /v1 only with one', async () => {
    const { app, key } = await anApp();
    await request(app).get('/livez').expect(200, { status: 'ok' });
    await request(app).get('/readyz').expect(200, { status: 'ready' });
    await request(app).get('/health').expect(200, { status: 'ok' });
    for (const path of ['/v1/models', '/v1/models/x', '/v1/nothing', '/v1']) {
      const { body } = await request(app).get(path).expect(401);
      expect(body.error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error' });
    }
    await request(app).get('/v1/models').set('authorization', `Bearer ${key}`).expect(200);
  });

  it('gives every reply an id of its own, and errors their shape', async () => {
    const { app } = await anApp();
    for (const path of ['/health', '/v1/models', '/nowhere', '/V1/models', '//v1/models', '/%ff']) {
      const { headers, body, status } = await request(app).get(path).set('x-request-id', 'mine');
      expect(headers['x-request-id']).toMatch(/^req_[0-9A-Za-z]{24}$/);
      expect(headers['x-powered-by']).toBeUndefined();
      if (status >= 400)
        expect(body.error).toMatchObject({ message: expect.any(String), type: 'invalid_request_error' });
    }
  });

  it('logs a request with its tokens, and never a key or a prompt', async () => {
    const { app, key, log } = await anApp();
    const model = (await echoBackend().models())[0]?.id;
    await request(app)
      .post('/v1/chat/completions')
      .set('authorization', `Bearer ${key}`)
      .send({ model, ...chat })
      .expect(200);
    await request(app).get('/v1/models').set('authorization', `Bearer ${key}x`).expect(401);
    expect(log()).toMatch(/POST \/v1\/chat\/completions 200.*completion_tokens/);
    expect(log()).not.toContain(key);
    expect(log()).not.toContain('private');
  });

  it('needs one Host header of HTTP/1.1, and logs a request without', async () => {
    const { app, log } = await anApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const ask = (head: string) => rawReply(server.port, `GET ${head}\r\nconnection: close\r\n\r\n`);
    for (const head of [
      '/health HTTP/1.1',
      '/v1/models HTTP/1.1',
      '/v1/models HTTP/1.1\r\nhost: localhost\r\nhost: b',
    ]) {
      const reply = await ask(head);
      expect(reply).toMatch(/^HTTP\/1\.1 400 [^]*"code":"invalid_value"/);
      const id = /x-request-id: (\S+)/i.exec(reply)?.[1];
      expect(log()).toContain(`request_id=${id}`);
    }
    expect(await ask('/health HTTP/1.0')).toMatch(/ 200 OK/);
    expect(await ask('/health HTTP/1.1\r\nhost: localhost')).toMatch(/ 200 OK/);
    await server.close(1000);
  });

  it('says why it is not ready, and takes nothing new while it drains', async () => {
    const loading: Readiness = { status: 'loading', reasons: ['The engine is loading.'] };
    const { body, headers } = await request((await anApp({ readiness: loading })).app)
      .get('/readyz')
      .expect(503);
    expect(body).toEqual(loading);
    expect(headers['retry-after']).toBeDefined();
    const { app, key, log } = await anApp({ readiness: { status: 'draining', reasons: [] } });
    const refused = await request(app).get('/v1/models').set('authorization', `Bearer ${key}`).expect(503);
    expect(refused.body.error).toMatchObject({ code: 'draining', type: 'server_error' });
    expect(log()).toMatch(/info.*GET \/v1\/models 503/);
    await request(app).get('/livez').expect(200);
  });

  it('limits an address, but not its health checks', async () => {
    const { app } = await anApp({ flags: { 'rate-limit': '2/min' } });
    for (let round = 0; round < 2; round++) await request(app).get('/v1/models').expect(401);
    const { body, headers } = await request(app).get('/v1/models').expect(429);
    expect(body.error).toMatchObject({ type: 'rate_limit_error', code: 'rate_limit_exceeded' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    await request(app).get('/health').expect(200);
  });

  it('answers only to its own names, and lets pages of listed origins in', async () => {
    const { app } = await anApp({ flags: { 'cors-origin': 'https://good.example', 'allowed-host': 'mine.example' } });
    await request(app).get('/health').set('host', 'evil.example').expect(403);
    await request(app).get('/health').set('host', 'mine.example:80').expect(200);
    const preflight = await request(app).options('/v1/models').set('origin', 'https://good.example').expect(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('authorization');
    const other = await request(app).options('/v1/models').set('origin', 'https://evil.example');
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('The basic server', () => {
  it('generates from a prompt, without keys', async () => {
    const { app } = await anApp({ basic: true });
    await request(app).get('/').expect(200);
    const { body: list } = await request(app).get('/models').expect(200);
    const { id } = list.models[0] as { id: string };
    const { body } = await request(app).post(`/models/${id}/generate`).send({ prompt: 'one two' }).expect(200);
    expect(body).toMatchObject({ generated_text: 'one two', model: id });
    expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + body.usage.completion_tokens);
  });

  it.each([
    [{}, 400, 'prompt'],
    [{ prompt: 7 }, 400, 'prompt'],
    [{ prompt: 'x', max_tokens: 0 }, 400, 'max_tokens'],
    [{ prompt: 'x', max_tokens: -2 }, 400, 'max_tokens'],
    [{ prompt: 'x', max_tokens: 1.5 }, 400, 'max_tokens'],
    [{ prompt: 'x', max_tokens: '5' }, 400, 'max_tokens'],
  ])('refuses %j', async (body, status, param) => {
    const { app } = await anApp({ basic: true });
    const { id } = (await echoBackend().models())[0] as { id: string };
    const reply = await request(app).post(`/models/${id}/generate`).send(body).expect(status);
    expect(reply.body.error).toMatchObject({ param });
  });

  it.each([
    [{ max_tokens: 1 }, 'one', 'length'],
    [{ max_tokens: -1 }, 'one two three', 'stop'],
    [{ max_tokens: null, raw: null, temperature: null }, 'one two three', 'stop'],
    [{}, 'one two three', 'stop'],
  ])('takes %j for what it says, -1 and null for no limit', async (fields, text, reason) => {
    const { app } = await anApp({ basic: true });
    const { id } = (await echoBackend().models())[0] as { id: string };
    const { body } = await request(app)
      .post(`/models/${id}/generate`)
      .send({ prompt: 'one two three', ...fields })
      .expect(200);
    expect([body.generated_text.trim(), body.finish_reason]).toEqual([text, reason]);
  });

  it('knows its models and methods', async () => {
    const { app } = await anApp({ basic: true });
    const unknown = await request(app).post('/models/a/b/generate').send({ prompt: 'x' }).expect(404);
    expect(unknown.body.error.code).toBe('model_not_found');
    await request(app).delete('/models').expect(405);
    await request(app).get('/v1/models').expect(404);
  });
});

function rawReply(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let reply = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
    socket.on('close', () => resolve(reply)).on('error', reject);
  });
}
