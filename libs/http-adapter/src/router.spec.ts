import { gzipSync } from 'node:zlib';
import { echoBackend } from '@mcli/inference/testing';
import express from 'express';
import request from 'supertest';
import { allowAnyone, assignRequestId, type Authenticate, createOpenAIRouter, type Principal } from './index.js';
import { aChat, serve, stopServing } from './testing/serve.js';

afterEach(stopServing);

describe('createOpenAIRouter', () => {
  it('refuses to be made without a backend, without authentication, or with impossible numbers', () => {
    const good = { backend: echoBackend(), authenticate: allowAnyone };

    expect(() => createOpenAIRouter({ ...good, backend: undefined as never })).toThrow(TypeError);
    expect(() => createOpenAIRouter({ ...good, authenticate: undefined as never })).toThrow("'allowAnyone'");
    expect(() => createOpenAIRouter({ ...good, bodyLimit: '20 megabytes' })).toThrow("'bodyLimit'");
    expect(() => createOpenAIRouter({ ...good, keepAliveMs: 0 })).toThrow("'keepAliveMs'");
  });

  it('gives every reply an id of its own, whatever the client calls its request', async () => {
    const { url } = await serve();
    const client = request(url);

    const replies = [
      await client.get('/models').set('x-request-id', 'mine'),
      await client.get('/nowhere'),
      await client.post('/chat/completions').send('{'),
      await client.post('/chat/completions').send(aChat('Hi', { stream: true })),
    ];

    const ids = replies.map(({ headers }) => headers['x-request-id'] as string);
    for (const id of ids) expect(id).toMatch(/^req_[0-9A-Za-z]{24}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('keeps an id that the app in front has made, and none that came from elsewhere', async () => {
    const assigning = express();
    assigning.use(assignRequestId, (_request, response, next) => {
      response.setHeader('x-assigned', response.getHeader('x-request-id') ?? '');
      next();
    });
    const foreign = express();
    foreign.use((_request, response, next) => {
      response.setHeader('x-request-id', 'mine');
      next();
    });

    const { headers } = await request((await serve({}, assigning)).url).get('/models');
    expect(headers['x-request-id']).toBe(headers['x-assigned']);
    expect((await request((await serve({}, foreign)).url).get('/models')).headers['x-request-id']).toMatch(/^req_/);
  });

  it('answers unknown addresses and methods in JSON', async () => {
    const { url } = await serve();

    const unknown = await request(url).get('/responses?key=secret');
    expect(unknown.status).toBe(404);
    expect(unknown.body.error).toMatchObject({ type: 'invalid_request_error', code: 'unknown_url', param: null });
    expect(unknown.text).not.toContain('secret');

    const wrong = await request(url).get('/chat/completions');
    expect(wrong.status).toBe(405);
    expect(wrong.headers['allow']).toBe('POST');
    expect(wrong.body.error.type).toBe('invalid_request_error');

    expect((await request(url).delete('/models')).headers['allow']).toBe('GET, HEAD');
    expect((await request(url).post('/models/%E0%A4%A')).status).toBe(404);
    expect((await request(url).get('')).status).toBe(404);
  });

  it('keeps replies out of caches', async () => {
    const { url } = await serve();

    const { headers } = await request(url).get('/models');

    expect(headers['cache-control']).toBe('no-store');
    expect(headers['etag']).toBeUndefined();
  });
});

describe('Authentication', () => {
  const secret: Authenticate = async (credential) =>
    credential === 'sk-right' ? { ok: true, caller: aPrincipal() } : { ok: false, reason: 'unknown' };

  it('takes the key from any of the three headers, and several when they agree', async () => {
    const { url } = await serve({ authenticate: secret });
    const status = async (headers: Record<string, string>) => (await request(url).get('/models').set(headers)).status;

    expect(await status({ authorization: 'Bearer sk-right' })).toBe(200);
    expect(await status({ authorization: 'bearer  sk-right ' })).toBe(200);
    expect(await status({ 'x-api-key': 'sk-right' })).toBe(200);
    expect(await status({ 'api-key': 'sk-right' })).toBe(200);
    expect(await status({ authorization: 'Bearer sk-right', 'x-api-key': 'sk-right', 'api-key': 'sk-right' })).toBe(
      200,
    );
    expect(await status({ authorization: 'Bearer sk-right', 'x-api-key': 'sk-other' })).toBe(401);
    expect(await status({ authorization: 'Basic sk-right' })).toBe(401);
    expect((await request(url).get('/models?api_key=sk-right&api-key=sk-right')).status).toBe(401);
  });

  it('refuses every wrong key with the same words, and tells the log why', async () => {
    const serving = await serve({ authenticate: secret });

    const missing = await request(serving.url).get('/models');
    const wrong = await request(serving.url).get('/models').set('authorization', 'Bearer sk-wrong');
    const split = await request(serving.url).get('/models').set({ 'x-api-key': 'a', 'api-key': 'b' });

    expect(missing.status).toBe(401);
    expect(missing.body.error).toMatchObject({ type: 'invalid_request_error', param: null, code: 'invalid_api_key' });
    expect(missing.body.error.message).toMatch(/^Incorrect API key provided\. /);
    expect(wrong.body).toEqual(missing.body);
    expect(split.body).toEqual(missing.body);
    expect((await serving.report(1)).authReason).toBe('unknown');
    expect((await serving.report(2)).authReason).toBe('contradicting_headers');
    expect(JSON.stringify(serving.reports)).not.toContain('sk-wrong');
  });

  it('comes before the body is read and before an address is found to be unknown', async () => {
    const { url } = await serve({ authenticate: secret, bodyLimit: 10 });

    expect((await request(url).post('/chat/completions').type('json').send('{'.repeat(100))).status).toBe(401);
    expect((await request(url).get('/nowhere')).status).toBe(401);
    expect((await request(url).put('/models')).status).toBe(401);
  });

  it('says that keys cannot be checked when their store is down, and lets nobody in', async () => {
    const serving = await serve({
      authenticate: async () => {
        throw new Error('/var/lib/keys.db is locked');
      },
    });

    const { status, body, headers } = await request(serving.url).get('/models');

    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('1');
    expect(body.error).toMatchObject({ type: 'server_error', code: 'storage_unavailable' });
    expect(body.error.message).not.toContain('/var/lib');
    expect(String((await serving.report(0)).error)).toContain('/var/lib/keys.db');
  });

  it('sees address, method and path without the query', async () => {
    const seen: unknown[] = [];
    const { url } = await serve({
      authenticate: async (_credential, origin) => {
        seen.push(origin);
        return { ok: false, reason: 'unknown' };
      },
    });

    await request(url).get('/models?token=abc');

    expect(seen).toEqual([{ ip: '127.0.0.1', method: 'GET', path: '/v1/models' }]);
  });

  it('lets callers do what their scopes say', async () => {
    const statuses = async (...scopes: string[]) => {
      const { url } = await serve({ authenticate: async () => ({ ok: true, caller: aPrincipal({ scopes }) }) });
      const chat = await request(url).post('/chat/completions').send(aChat('Hi'));
      return [(await request(url).get('/models')).status, chat.status, chat.body.error?.code];
    };

    expect(await statuses('models:read')).toEqual([200, 403, 'insufficient_permissions']);
    expect(await statuses('chat:create')).toEqual([403, 200, undefined]);
    expect(await statuses('inference')).toEqual([200, 200, undefined]);
    expect(await statuses('*')).toEqual([200, 200, undefined]);
    expect(await statuses('keys:read', 'keys:write')).toEqual([403, 403, 'insufficient_permissions']);
  });
});

describe('Models', () => {
  const backend = echoBackend({ models: ['echo', 'owner/name', 'owner/deep/name'] });

  it('are listed', async () => {
    const { url } = await serve({ backend });

    const { body } = await request(url).get('/models/').expect(200);

    expect(body.object).toBe('list');
    expect(body.data[1]).toEqual({
      id: 'owner/name',
      object: 'model',
      created: 1_750_000_000,
      owned_by: 'mcli',
      context_length: 4096,
      status: 'ready',
    });
  });

  it('say what the backend says that they do now', async () => {
    const [card] = await backend.models();
    const degraded = { ...backend, models: async () => (card ? [{ ...card, status: 'degraded' as const }] : []) };
    const { url } = await serve({ backend: degraded });

    const { body } = await request(url).get('/models').expect(200);

    expect(body.data).toMatchObject([{ id: 'echo', status: 'degraded' }]);
  });

  it('are found by ids with slashes, raw or encoded', async () => {
    const { url } = await serve({ backend });
    const id = async (path: string) => (await request(url).get(path)).body.id;

    expect(await id('/models/owner/name')).toBe('owner/name');
    expect(await id('/models/owner%2Fname')).toBe('owner/name');
    expect(await id('/models/owner%2fdeep/name')).toBe('owner/deep/name');
  });

  it('that do not exist are not found, in the words clients know', async () => {
    const { url } = await serve({ backend });

    for (const path of ['/models/gpt-4o', '/models/owner', '/models/..%2f..%2fetc%2fpasswd', '/models/constructor']) {
      const { status, body } = await request(url).get(path);
      expect(status).toBe(404);
      expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'model_not_found' });
      expect(body.error.message).toMatch(/^The model `.*` does not exist or you do not have access to it\.$/);
    }
  });

  it("that are not on the caller's list are not there", async () => {
    const { url } = await serve({
      backend,
      authenticate: async () => ({ ok: true, caller: aPrincipal({ models: ['owner/name'] }) }),
    });

    expect((await request(url).get('/models')).body.data.map(({ id }: { id: string }) => id)).toEqual(['owner/name']);
    expect((await request(url).get('/models/echo')).status).toBe(404);
    const chat = await request(url).post('/chat/completions').send(aChat('Hi'));
    const unknown = await request(url)
      .post('/chat/completions')
      .send(aChat('Hi', { model: 'nope' }));
    expect(chat.status).toBe(404);
    expect(chat.body.error.message).toBe(unknown.body.error.message.replace('nope', 'echo'));
  });

  it('answer HEAD without a body', async () => {
    const { url } = await serve();

    const { status, text } = await request(url).head('/models');

    expect(status).toBe(200);
    expect(text ?? '').toBe('');
  });
});

describe('Bodies', () => {
  const post = async (body: string | Buffer, headers: Record<string, string> = {}, bodyLimit?: number) => {
    const { url } = await serve({ bodyLimit });
    const sending = request(url)
      .post('/chat/completions')
      .set({ 'content-type': 'application/json', ...headers });
    return Buffer.isBuffer(body)
      ? sending.serialize((bytes) => bytes as unknown as string).send(body)
      : sending.send(body);
  };

  it('that are not a JSON object are refused', async () => {
    for (const body of ['{', '{"model": "echo",}', '\u0000', 'hello', '{"a": NaN}']) {
      const { status, body: reply } = await post(body);
      expect([status, reply.error.code, reply.error.param]).toEqual([400, 'invalid_json', null]);
    }
    for (const body of ['null', '[]', '42', '"x"']) {
      const { status, body: reply } = await post(body);
      expect([status, reply.error.code, reply.error.param]).toEqual([400, 'invalid_value', null]);
    }
  });

  it('that are missing are no question of their type', async () => {
    const { url } = await serve();

    const { status, body } = await request(url).post('/chat/completions').set('content-type', 'text/plain');

    expect([status, body.error.code]).toEqual([400, 'invalid_json']);
  });

  it('of other types and character sets are refused', async () => {
    const chat = JSON.stringify(aChat('Hi'));

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16', 'x']) {
      const { status, body } = await post(chat, { 'content-type': type });
      expect([status, body.error.code]).toEqual([415, 'unsupported_media_type']);
    }
    expect((await post(chat, { 'content-type': 'application/json;charset="UTF-8"' })).status).toBe(200);
    expect((await post(chat, { 'content-encoding': 'x-evil' })).status).toBe(415);
  });

  it('that are too large are refused, counted after decompression', async () => {
    const large = JSON.stringify(aChat('x'.repeat(5000)));

    for (const reply of [
      await post(large, {}, 1000),
      await post(gzipSync(large), { 'content-encoding': 'gzip' }, 1000),
    ]) {
      expect(reply.status).toBe(413);
      expect(reply.body.error).toMatchObject({ type: 'invalid_request_error', code: 'request_too_large' });
      expect(reply.body.error.message).not.toContain('Request too large');
    }
    expect((await post(gzipSync(large), { 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await post(gzipSync(large).subarray(0, 40), { 'content-encoding': 'gzip' })).status).toBe(400);
  });

  it('are read as UTF-8, and as nothing else', async () => {
    const chat = JSON.stringify(aChat('Grüße 🙂'));

    expect((await post(`\uFEFF${chat}`)).body.choices[0].message.content).toBe('Grüße 🙂');
    expect((await post(Buffer.from(chat, 'latin1'))).body.error.code).toBe('invalid_json');
  });

  it('that nest deeply, have very many fields, endless numbers or reach for prototypes are refused', async () => {
    const fields = Object.fromEntries(Array.from({ length: 520 }, (_, index) => [`field${index}`, 1]));

    for (const body of [
      `{"model":"echo","messages":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
      JSON.stringify(aChat('Hi', fields)),
      '{"model":"echo","messages":[{"role":"user","content":"Hi"}],"temperature":1e400}',
      '{"model":"echo","messages":[{"role":"user","content":"Hi"}],"x":{"__proto__":{"polluted":true}}}',
      '{"model":"echo","messages":[{"role":"user","content":"Hi"}],"constructor":{"prototype":{"polluted":true}}}',
    ]) {
      const { status, body: reply } = await post(body);
      expect([status, reply.error.code]).toEqual([400, 'invalid_value']);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('that an app in front has parsed already are taken as they are', async () => {
    const parsing = express();
    parsing.use(express.json());
    const { url } = await serve({}, parsing);

    const { body } = await request(url).post('/chat/completions').send(aChat('Hi')).expect(200);

    expect(body.choices[0].message.content).toBe('Hi');
  });
});

function aPrincipal(fields: Partial<Principal> = {}): Principal {
  return { id: 'key_1', rootId: 'root_1', scopes: ['models:read', 'chat:create'], models: null, ...fields };
}
