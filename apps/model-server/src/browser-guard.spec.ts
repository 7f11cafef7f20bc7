import express from 'express';
import request from 'supertest';
import { createBrowserGuard } from './browser-guard.js';

/** An app that asks everyone for a key, behind the guard. */
function guarded(...corsOrigins: string[]) {
  const app = express();
  app.use(createBrowserGuard({ host: '127.0.0.1', allowedHosts: [], corsOrigins }));
  return app.use((_request, response) => void response.status(401).end());
}

describe('The browser guard', () => {
  it('allows the headers that a page of an allowed origin asks for', async () => {
    const { headers } = await request(guarded('https://good.example'))
      .options('/v1/models')
      .set({ origin: 'https://good.example', 'access-control-request-headers': 'authorization,x-title, b@d' })
      .expect(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://good.example',
      'access-control-allow-headers': 'authorization, x-title',
      'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
    });
    expect(headers.vary?.toLowerCase()).toBe('origin, access-control-request-headers');
  });

  it('asks no preflight for a key, and leaves pages of other origins blocked', async () => {
    const { headers } = await request(guarded())
      .options('/v1/models')
      .set('origin', 'https://evil.example')
      .expect(204);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['access-control-allow-headers']).toBeUndefined();
  });

  it('lets allowed pages read what is said in headers, and caches tell origins apart', async () => {
    const app = guarded('*');
    const { headers } = await request(app).get('/').set('origin', 'https://any.example').expect(401);
    expect(headers['access-control-expose-headers']).toBe('x-request-id, retry-after, x-mcli-ignored-params');
    expect((await request(app).get('/')).headers.vary?.toLowerCase()).toBe('origin');
  });

  it.each(['http://localhost', 'https://localhost:5173', 'http://127.0.0.1:3000', 'http://[::1]:8080'])(
    'takes %s for a page of localhost',
    async (origin) => {
      const { headers } = await request(guarded('localhost')).get('/').set('origin', origin);
      expect(headers['access-control-allow-origin']).toBe(origin);
    },
  );

  it.each([
    'http://localhost.evil.com',
    'http://evil-localhost',
    'http://localhost@evil.com',
    'http://localhost:80@evil.com',
    'http://127.0.0.1.evil.com',
    'http://evil.com/http://localhost',
    'ftp://localhost',
    'localhost.evil.com',
    'null',
  ])('does not take %s for a page of localhost', async (origin) => {
    const { headers } = await request(guarded('localhost')).get('/').set('origin', origin);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});
