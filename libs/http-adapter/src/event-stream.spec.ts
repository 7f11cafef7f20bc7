import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type InferenceBackend, InferenceError } from '@mcli/inference';
import { echoBackend } from '@mcli/inference/testing';
import { ChatCompletionChunk } from '@mcli/openai-schema';
import { aChat, serve, stopServing } from './testing/serve.js';

afterEach(stopServing);

describe('A stream', () => {
  it('says the role, the text, why it ended, and that it is done', async () => {
    const { url } = await serve();

    const { headers, body } = await stream(url, aChat('Hello there'));

    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(headers['content-encoding']).toBeUndefined();
    const frames = body.split('\n\n');
    expect(frames.slice(-2)).toEqual(['data: [DONE]', '']);
    const chunks = frames.slice(0, -2).map((frame) => JSON.parse(frame.replace(/^data: /, '')));
    for (const chunk of chunks) expect(ChatCompletionChunk.parse(chunk)).toEqual(chunk);
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
    expect(chunks.map(({ choices }) => choices)).toEqual([
      [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: 'Hello' }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: ' there' }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }],
    ]);
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true);
  });

  it('comes to clients that accept JSON only', async () => {
    const { url } = await serve();

    const { status, headers } = await stream(url, aChat('Hi'), { accept: 'application/json' });

    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });

  it('tells what it cost in a last chunk of its own, on request', async () => {
    const { url } = await serve();

    const { chunks } = await stream(url, aChat('Hello there', { stream_options: { include_usage: true } }));

    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 2,
        completion_tokens: 2,
        total_tokens: 4,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
    for (const chunk of chunks.slice(0, -1)) expect(chunk).toMatchObject({ usage: null });
  });

  it('carries n answers, each with its own role and one end', async () => {
    const { url } = await serve();

    const { chunks } = await stream(url, aChat('Hello there', { n: 3 }));

    for (const wanted of [0, 1, 2]) {
      const choices = chunks.flatMap(({ choices }) => choices).filter(({ index }) => index === wanted);
      expect(choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
      expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe('Hello there');
      expect(choices.map(({ finish_reason }) => finish_reason).filter((reason) => reason !== null)).toEqual(['stop']);
    }
  });

  it('sends the first text before there is a second', async () => {
    const gate = aGate();
    const { url } = await serve({
      backend: echoBackend({ beforeWord: (word) => (word === 1 ? gate.opened : undefined) }),
    });

    const response = await open(url, aChat('Hello there'));
    const early = await readUntil(response, '"Hello"');
    expect(early).not.toContain('there');

    gate.open();
    expect(await readUntil(response, '[DONE]')).toContain('" there"');
  });

  it('says that it is alive while nothing is said, and thereby commits to 200', async () => {
    const gate = aGate();
    const backend = { ...echoBackend(), generate: delayed(gate.opened) };
    const { url } = await serve({ backend, keepAliveMs: 5 });

    const response = await open(url, aChat('Hi'));
    expect(response.statusCode).toBe(200);
    const silence = await readUntil(response, ': keep-alive\n\n: keep-alive\n\n');
    expect(silence).toMatch(/^(: keep-alive\n\n)+$/);

    gate.fail(new InferenceError('overloaded', 'The queue is full.'));
    const [failure = '', ...rest] = (await readToEnd(response)).split('\n\n').filter((frame) => !frame.startsWith(':'));
    expect(JSON.parse(failure.replace('data: ', '')).error).toMatchObject({ type: 'server_error', code: 'overloaded' });
    expect(rest).toEqual(['']);
  });

  it('is silent until the first event, so that an early failure has its own status', async () => {
    const backend = { ...echoBackend(), generate: delayed(Promise.reject(new InferenceError('loading', 'Soon.'))) };
    const { url } = await serve({ backend });

    const { status, headers, body } = await stream(url, aChat('Hi'));

    expect([status, headers['retry-after']]).toEqual([503, '10']);
    expect(JSON.parse(body).error.code).toBe('loading');
  });

  it('that breaks ends with one error, without saying that it is done', async () => {
    const beforeWord = (word: number): void => {
      if (word === 1) throw new InferenceError('engine_failed', 'The process died.');
    };
    const serving = await serve({ backend: echoBackend({ beforeWord }) });

    const { status, body } = await stream(serving.url, aChat('Hello there'));

    expect(status).toBe(200);
    const frames = body.split('\n\n');
    expect(frames.at(-1)).toBe('');
    expect(JSON.parse((frames.at(-2) ?? '').replace('data: ', ''))).toEqual({
      error: {
        message: 'The engine failed while it worked on this request. It can be sent again.',
        type: 'server_error',
        param: null,
        code: 'engine_failed',
      },
    });
    expect(body).not.toContain('[DONE]');
    expect(body).not.toContain('"finish_reason":"stop"');
    expect(await serving.report(0)).toMatchObject({
      status: 200,
      code: 'engine_failed',
      streamed: true,
      cancelled: false,
    });
  });

  it('ends its generation when the client leaves, at once', async () => {
    const signals: AbortSignal[] = [];
    const backend = echoBackend({
      respond: () => 'word '.repeat(1_000_000),
      beforeWord: (_word, { signal }) => {
        if (signal !== undefined && signals.length === 0) signals.push(signal);
      },
    });
    const serving = await serve({ backend });

    const response = await open(serving.url, aChat('Hi'));
    await readUntil(response, 'word');
    response.destroy();

    const report = await serving.report(0);
    expect(signals[0]?.aborted).toBe(true);
    expect(report).toMatchObject({ status: 200, cancelled: true, streamed: true, code: undefined, error: undefined });
    expect(report.usage?.completionTokens).toBeGreaterThan(0);
  });

  it('ends even when the backend does not listen to the signal', async () => {
    const backend = { ...echoBackend(), generate: delayed(new Promise<void>(() => undefined)) };
    const serving = await serve({ backend, keepAliveMs: 5 });

    const response = await open(serving.url, aChat('Hi'));
    await readUntil(response, ': keep-alive');
    response.destroy();

    expect((await serving.report(0)).cancelled).toBe(true);
  });

  it('waits for a slow reader instead of piling up text', async () => {
    let written = 0;
    const word = 'x'.repeat(100_000);
    const backend = echoBackend({
      respond: () => `${word} `.repeat(300),
      beforeWord: (index) => void (written = index),
    });
    const serving = await serve({ backend });

    const response = await open(serving.url, aChat('Hi'));
    response.pause();
    const standing = await standstill(() => written);
    expect(standing).toBeLessThan(250);

    response.resume();
    expect(await readToEnd(response)).toContain('[DONE]');
    expect((await serving.report(0)).usage?.completionTokens).toBeGreaterThanOrEqual(300);
  });

  it('never splits a character', async () => {
    const { url } = await serve();

    const { chunks } = await stream(url, aChat('日本 🙂🙂 héé'));

    const contents = chunks.flatMap(({ choices }) => choices).map(({ delta }) => delta.content ?? '');
    expect(contents.join('')).toBe('日本 🙂🙂 héé');
    expect(contents.join('')).not.toContain('\ufffd');
  });
});

describe('A reply that is not streamed', () => {
  it('sends nothing early, and ends its generation when the client leaves', async () => {
    const gate = aGate();
    const signals: (AbortSignal | undefined)[] = [];
    const backend = echoBackend({
      beforeWord: (_word, { signal }) => {
        signals.push(signal);
        return gate.opened;
      },
    });
    const serving = await serve({ backend, keepAliveMs: 1 });

    const sending = post(serving.url, aChat('Hi'));
    sending.on('error', () => undefined);
    let answered = false;
    sending.on('response', () => (answered = true));
    while (signals.length === 0) await tick();
    for (let wait = 0; wait < 20; wait += 1) await tick();
    expect(answered).toBe(false);
    sending.destroy();

    expect(await serving.report(0)).toMatchObject({ status: 499, cancelled: true, streamed: false, code: undefined });
    expect(signals[0]?.aborted).toBe(true);
    gate.open();
  });
});

interface Streamed {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly chunks: readonly ChatCompletionChunk[];
}

async function stream(url: string, body: object, headers: Record<string, string> = {}): Promise<Streamed> {
  const response = await open(url, body, headers);
  const text = await readToEnd(response);
  const chunks = text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {"id"'))
    .map((frame) => JSON.parse(frame.slice('data: '.length)) as ChatCompletionChunk);
  return { status: response.statusCode, headers: response.headers, body: text, chunks };
}

async function open(url: string, body: object, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const [response] = (await once(post(url, { ...body, stream: true }, headers), 'response')) as [IncomingMessage];
  response.setEncoding('utf8');
  return response;
}

function post(url: string, body: object, headers: Record<string, string> = {}) {
  const sending = httpRequest(`${url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  sending.end(JSON.stringify(body));
  return sending;
}

/** What came, up to the moment when it holds `wanted`. */
async function readUntil(response: IncomingMessage, wanted: string): Promise<string> {
  let text = '';
  for (;;) {
    const piece: unknown = response.read();
    if (typeof piece === 'string') text += piece;
    else await once(response, 'readable');
    if (text.includes(wanted)) return text;
  }
}

async function readToEnd(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response) text += piece;
  return text;
}

function aGate() {
  let open = (): void => undefined;
  let fail: (error: Error) => void = () => undefined;
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open, fail };
}

/** Generations of an echo that start when `start` resolves, and do not look at their signal before. */
function delayed(start: Promise<void>): InferenceBackend['generate'] {
  start.catch(() => undefined);
  return async function* (generation) {
    await start;
    yield* echoBackend().generate(generation);
  };
}

/** The number at which a counter stays. */
async function standstill(count: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = count();
    if (now === before && now > 0) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
