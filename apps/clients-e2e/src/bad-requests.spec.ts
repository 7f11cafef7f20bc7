import { connect } from 'node:net';
import OpenAI from 'openai';
import { RunningMcli, temporaryHome } from './testing/mcli.js';

const model = 'smollm2-135m-instruct';
const messages = [{ role: 'user', content: 'hi' }];
const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
const chat = (fields: object) => ({ path: '/chat/completions', body: JSON.stringify({ model, messages, ...fields }) });

interface Bad {
  readonly path: string;
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly type?: string;
  readonly key?: string;
}

const bad: Readonly<Record<string, [Bad, number]>> = {
  'no JSON': [{ path: '/chat/completions', body: '{"model":' }, 400],
  'bytes that are no text': [{ path: '/chat/completions', body: Uint8Array.of(0xff, 0xfe, 0, 1) }, 400],
  'an empty body': [{ path: '/chat/completions', body: '' }, 400],
  'a list': [{ path: '/chat/completions', body: '[]' }, 400],
  'deep nesting': [{ path: '/chat/completions', body: `{"model":${nested(5000)}}` }, 400],
  'a thousand fields': [
    {
      path: '/chat/completions',
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [at, 1]))),
    },
    400,
  ],
  'a number beyond all bounds': [
    { path: '/chat/completions', body: `{"model":"${model}","messages":[],"temperature":1e999}` },
    400,
  ],
  'no messages': [chat({ messages: [] }), 400],
  'an unknown role': [chat({ messages: [{ role: 'king', content: 'x' }] }), 400],
  'a negative limit': [chat({ max_tokens: -2 }), 400],
  'half a token': [chat({ max_tokens: 1.5 }), 400],
  'too many choices': [chat({ n: 1000 }), 400],
  'too many stop texts': [chat({ stop: Array.from({ length: 100 }, String) }), 400],
  'an image': [chat({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }), 400],
  'a wrong type': [{ ...chat({}), type: 'text/plain' }, 415],
  'a body beyond the limit': [chat({ messages: [{ role: 'user', content: 'x'.repeat(21 * 2 ** 20) }] }), 413],
  'a prompt beyond the context': [chat({ messages: [{ role: 'user', content: 'word '.repeat(20_000) }] }), 400],
  'an unknown model': [chat({ model: 'x'.repeat(200) }), 404],
  'an unknown path': [{ path: '/nothing/here' }, 404],
  'a wrong method': [{ path: '/chat/completions' }, 405],
  'another wrong method': [{ path: '/models', method: 'DELETE' }, 405],
  'no key': [{ path: '/models', key: '' }, 401],
  'a key of strange letters': [{ path: '/models', key: "' OR 1=1 --" }, 401],
};

describe('Bad requests', () => {
  const home = temporaryHome();
  let server: RunningMcli;
  let client: OpenAI;

  beforeAll(async () => {
    server = await RunningMcli.start(home.path, ['--openai-compatible']);
    client = new OpenAI({ baseURL: server.baseUrl, apiKey: server.firstKey, maxRetries: 0 });
  }, 180_000);

  afterAll(async () => {
    await server.stop();
    home.remove();
  }, 120_000);

  it.each(Object.entries(bad))('%s: refused in the shape that clients know', async (_title, [request, status]) => {
    const reply = await send(request);
    expect(reply.headers.get('x-request-id')).toMatch(/^req_/);
    const { error } = (await reply.json()) as { error: Record<string, unknown> };
    expect({ status: reply.status, error }).toMatchObject({
      status,
      error: { message: expect.stringMatching(/\S/), type: 'invalid_request_error' },
    });
    expect(JSON.stringify(error)).not.toMatch(/\bat .*\.js|node_modules|\/libs\//);
  });

  it('in a storm do not disturb a stream, nor the requests after them', async () => {
    const ask = () =>
      client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'Count from 1 to 10.' }],
        temperature: 0,
        max_tokens: 60,
      });
    const quiet = (await ask()).choices[0]?.message.content;
    const during = ask();
    const storm = Array.from({ length: 10 }, () => Object.values(bad)).flat();
    const statuses: number[] = [];
    for (let from = 0; from < storm.length; from += 20) {
      const wave = storm.slice(from, from + 20).map(async ([request, status]) => {
        const reply = await send(request);
        await reply.arrayBuffer();
        statuses.push(reply.status - status);
      });
      await Promise.all([
        ...wave,
        raw('GARBAGE\r\n\r\n'),
        raw('POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 5\r\n'),
      ]);
    }
    expect(new Set(statuses)).toEqual(new Set([0]));
    expect((await during).choices[0]?.message.content).toBe(quiet);
    expect((await ask()).choices[0]?.message.content).toBe(quiet);
  }, 120_000);

  it('leave /health quick while a long prompt is read and four streams run', async () => {
    const story = { role: 'user' as const, content: 'Write a long story about a fox.' };
    const streams = await Promise.all(
      [1, 2, 3, 4].map((seed) =>
        client.chat.completions.create({ model, messages: [story], seed, stream: true, max_tokens: 400 }),
      ),
    );
    const readers = streams.map(async (stream) => {
      let chunks = 0;
      for await (const _chunk of stream) chunks += 1;
      return chunks;
    });
    const long = client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'The sea is wide and blue today. '.repeat(185) }],
      max_tokens: 1,
    });
    const times: number[] = [];
    for (let round = 0; round < 200; round++) {
      const from = performance.now();
      await (await fetch(`${server.origin}/health`)).arrayBuffer();
      times.push(performance.now() - from);
      await new Promise((done) => setTimeout(done, 10));
    }
    const promptTokens = (await long).usage?.prompt_tokens ?? 0;
    streams.forEach((stream) => stream.controller.abort());
    await Promise.allSettled(readers);
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? NaN).toFixed(1);
    console.log(
      `/health: median ${at(0.5)} ms, p99 ${at(0.99)} ms, with 4 streams and a prompt of ${promptTokens} tokens.`,
    );
    expect(promptTokens).toBeGreaterThan(1200);
    expect(Number(at(0.99))).toBeLessThan(2000); // a guard against hanging, not the aim
  }, 120_000);

  function send({ path, method, body, type = 'application/json', key = server.firstKey }: Bad): Promise<Response> {
    return fetch(`${server.baseUrl}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Sends bytes and hangs up. */
  function raw(text: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(server.origin).port), '127.0.0.1', () => socket.end(text));
      socket.on('error', () => undefined).on('close', () => resolve());
      socket.resume();
    });
  }
});
