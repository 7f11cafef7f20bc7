import { jest } from '@jest/globals';
import { type InferenceBackend, InferenceError } from '@mcli/inference';
import { echoBackend } from '@mcli/inference/testing';
import request from 'supertest';
import { type Admit, ApiError, type Principal, type Settlement } from './index.js';
import { aChat, serve, stopServing } from './testing/serve.js';

afterEach(stopServing);

const caller: Principal = { id: 'key_1', rootId: 'root_1', scopes: ['*'], models: null };
const authenticate = async () => ({ ok: true, caller }) as const;

describe('onFinish', () => {
  it('reports a request that was answered', async () => {
    const serving = await serve({ authenticate });

    const { headers } = await request(serving.url).post('/chat/completions?secret=x').send(aChat('Hello there'));

    expect(await serving.report(0)).toEqual({
      requestId: headers['x-request-id'],
      ip: '127.0.0.1',
      method: 'POST',
      path: '/v1/chat/completions',
      endpoint: { method: 'POST', path: '/chat/completions', scope: 'chat:create' },
      principal: caller,
      status: 200,
      code: undefined,
      durationMs: expect.any(Number),
      timeToFirstTokenMs: expect.any(Number),
      usage: { promptTokens: 2, completionTokens: 2, cachedTokens: 0 },
      model: 'echo',
      streamed: false,
      cancelled: false,
      authReason: undefined,
      error: undefined,
    });
  });

  it('reports each request once, also those that were refused', async () => {
    const serving = await serve({ authenticate });

    await request(serving.url).get('/nowhere');
    await request(serving.url)
      .post('/chat/completions')
      .send(aChat('Hi', { model: 'x'.repeat(99) }));
    await request(serving.url).get('/models');
    await serving.report(2);

    expect(serving.reports.map(({ status, code, endpoint, model }) => [status, code, endpoint?.path, model])).toEqual([
      [404, 'unknown_url', undefined, undefined],
      [404, 'model_not_found', '/chat/completions', undefined],
      [200, undefined, '/models', undefined],
    ]);
  });

  it('may throw without harm', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { url } = await serve({
      onFinish: () => {
        throw new Error('disk full');
      },
    });

    await request(url).get('/models').expect(200);

    await request(url).get('/models').expect(200);
    expect(warn.mock.calls[0]?.[0]).toContain('disk full');
    warn.mockRestore();
  });
});

describe('admit', () => {
  it('hears what is about to be generated, and what it cost before the reply ends', async () => {
    const { admit, asked, settled } = aGuard();
    const order: string[] = [];
    const { url } = await serve({
      authenticate,
      admit: async (...all) => {
        const settle = await admit(...all);
        return async (settlement) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          order.push('settled');
          await settle(settlement);
        };
      },
      onFinish: () => order.push('finished'),
    });

    const { text } = await request(url)
      .post('/chat/completions')
      .send(aChat('Hello there', { n: 2, max_tokens: 7, stream: true }));

    expect(text).toContain('[DONE]');
    expect(order[0]).toBe('settled');
    expect(asked).toEqual([
      [
        caller,
        expect.objectContaining({ method: 'POST', path: '/chat/completions' }),
        { model: 'echo', promptCharacters: 11, maxTokens: 7, answers: 2 },
      ],
    ]);
    expect(settled).toEqual([
      {
        model: 'echo',
        usage: { promptTokens: 2, completionTokens: 4, cachedTokens: 0 },
        outcome: 'completed',
      },
    ]);
  });

  it('refuses by throwing', async () => {
    const serving = await serve({
      authenticate,
      admit: async () => {
        throw new ApiError('rate_limit_exceeded', 'This key may send 3 requests a minute.', { retryAfter: 20 });
      },
    });

    const { status, headers, body } = await request(serving.url).post('/chat/completions').send(aChat('Hi'));

    expect([status, headers['retry-after'], body.error.type]).toEqual([429, '20', 'rate_limit_error']);
    await request(serving.url).get('/models').expect(200);
  });

  it('is not asked for requests that would fail anyway', async () => {
    const { admit, asked } = aGuard();
    const { url } = await serve({ authenticate, admit });

    await request(url)
      .post('/chat/completions')
      .send(aChat('Hi', { n: 99 }))
      .expect(400);
    await request(url)
      .post('/chat/completions')
      .send(aChat('Hi', { logprobs: true }))
      .expect(400);
    await request(url)
      .post('/chat/completions')
      .send(aChat('Hi', { model: 'no' }))
      .expect(404);

    expect(asked).toEqual([]);
  });

  it('settles what failed', async () => {
    const { admit, settled } = aGuard();
    const beforeWord = (word: number): void => {
      if (word === 2) throw new InferenceError('engine_failed', 'No.');
    };
    const { url } = await serve({ authenticate, admit, backend: echoBackend({ beforeWord }) });

    await request(url).post('/chat/completions').send(aChat('one two three')).expect(500);

    expect(settled).toEqual([
      { model: 'echo', usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 0 }, outcome: 'failed' },
    ]);
  });

  it('settles what was cancelled, also while it was being asked', async () => {
    for (const where of ['admit', 'generate']) {
      const { admit, settled } = aGuard();
      const waiting = aMeeting();
      const echo = echoBackend();
      const backend: InferenceBackend = {
        ...echo,
        async *generate(generation) {
          if (where === 'generate') await waiting.meet();
          yield* echo.generate(generation);
        },
      };
      const serving = await serve({
        authenticate,
        backend,
        admit: async (...all) => {
          if (where === 'admit') await waiting.meet();
          return admit(...all);
        },
      });
      const leaving = new AbortController();
      const sending = fetch(`${serving.url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(aChat('Hi')),
        signal: leaving.signal,
      });
      await waiting.reached;
      leaving.abort();
      await expect(sending).rejects.toThrow('aborted');
      expect(await serving.report(0)).toMatchObject({ status: 499, cancelled: true });
      waiting.goOn();
      while (settled.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));

      expect(settled).toEqual([expect.objectContaining({ model: 'echo', outcome: 'cancelled' })]);
    }
  });

  it('that cannot settle leaves the reply incomplete: what is not in the books was not delivered', async () => {
    const { url } = await serve({
      authenticate,
      admit: async () => async () => {
        throw new ApiError('storage_unavailable', 'The books cannot be written.');
      },
    });

    await request(url).post('/chat/completions').send(aChat('Hi')).expect(503);
    const { text } = await request(url)
      .post('/chat/completions')
      .send(aChat('Hi', { stream: true }));
    expect(text).toContain('storage_unavailable');
    expect(text).not.toContain('[DONE]');
  });
});

/** An `admit` that lets everything through and remembers. */
function aGuard() {
  const asked: Parameters<Admit>[] = [];
  const settled: Settlement[] = [];
  const admit: Admit = async (...all) => {
    asked.push(all);
    return (settlement) => void settled.push(settlement);
  };
  return { admit, asked, settled };
}

/** A place where one side waits for the other. */
function aMeeting() {
  let goOn = (): void => undefined;
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const going = new Promise<void>((resolve) => (goOn = resolve));
  const meet = async (): Promise<void> => {
    arrive();
    await going;
  };
  return { meet, reached, goOn };
}
