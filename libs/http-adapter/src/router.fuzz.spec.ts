import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { ErrorBody } from '@mcli/openai-schema';
import fc from 'fast-check';
import { aChat, serve, type Serving, stopServing } from './testing/serve.js';

let serving: Serving;

beforeAll(async () => {
  serving = await serve({ bodyLimit: '1mb' });
});

afterAll(async () => {
  const last = await send('POST', '/chat/completions', JSON.stringify(aChat('Are you well?')));
  expect(JSON.parse(last.body).choices[0].message.content).toBe('Are you well?');
  await stopServing();
});

describe('Whatever is sent, the reply is JSON, is no 5xx, and the server goes on', () => {
  it('for any bytes', async () => {
    await forAll(fc.uint8Array({ maxLength: 500 }), (bytes) => send('POST', '/chat/completions', bytes));
  });

  it('for any JSON', async () => {
    await forAll(fc.json({ maxDepth: 8 }), (json) => send('POST', '/chat/completions', json));
  });

  it('for any value in any field', async () => {
    const field = fc.constantFrom(
      ...['model', 'messages', 'temperature', 'top_p', 'top_k', 'n', 'stop', 'seed', 'stream', 'stream_options'],
      ...['logit_bias', 'tools', 'tool_choice', 'response_format', 'metadata', 'max_tokens', 'modalities', 'user'],
      ...['__proto__', 'constructor', 'toString', 'chat_template_kwargs'],
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      aMessage().map((message) => [message]),
    );
    await forAll(fc.array(fc.tuple(field, value), { maxLength: 4 }), (fields) =>
      send('POST', '/chat/completions', JSON.stringify(aChat('Hi', Object.fromEntries(fields)))),
    );
  });

  it('for any conversation', async () => {
    await forAll(fc.array(aMessage(), { maxLength: 5 }), (messages) =>
      send('POST', '/chat/completions', JSON.stringify({ model: 'echo', messages })),
    );
  });

  it('for any method and path', async () => {
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD');
    const path = fc.webUrl({ withQueryParameters: true }).map((url) => url.replace(/^https?:\/\/[^/]+/, ''));
    const model = fc.webSegment().map((segment) => `/models/${segment}`);
    await forAll(fc.tuple(method, fc.oneof(path, model)), ([verb, address]) => send(verb, address));
  });
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly isHead: boolean;
}

async function forAll<Value>(values: fc.Arbitrary<Value>, answer: (value: Value) => Promise<Answer>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const { status, type, body, isHead } = await answer(value);
      expect(status).toBeLessThan(500);
      expect(status).not.toBe(422);
      if (status < 400) return;
      expect(type).toMatch(/^application\/json/);
      if (!isHead) expect(() => ErrorBody.parse(JSON.parse(body))).not.toThrow();
    }),
    { numRuns: 150 },
  );
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

/** Something like a message. */
function aMessage(): fc.Arbitrary<object> {
  const content = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', '\u0000', '<|im_end|>', null),
    fc.array(fc.record({ type: fc.constantFrom('text', 'image_url', 'file', 'refusal'), text: fc.string() }), {
      maxLength: 3,
    }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  return fc.record(
    {
      role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function', 'nobody'),
      content,
      name: fc.oneof(fc.string(), fc.constant(null)),
      tool_calls: fc.jsonValue({ maxDepth: 2 }),
      tool_call_id: fc.string(),
      prefix: fc.boolean(),
    },
    { requiredKeys: [] },
  );
}

function send(method: string, path: string, body?: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(`${serving.url}${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    });
    sending.on('error', reject);
    sending.on('response', async (response) => {
      const { statusCode: status = 0, headers } = response;
      const isHead = method === 'HEAD';
      resolve({ status, type: headers['content-type'] ?? '', body: await text(response), isHead });
    });
    sending.end(body);
  });
}
