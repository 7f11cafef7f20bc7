import { type InferenceBackend, InferenceError } from '@mcli/inference';
import { echoBackend } from '@mcli/inference/testing';
import OpenAI, { APIError } from 'openai';
import { ApiError, type ApiErrorCode, type OpenAIRouterOptions } from './index.js';
import { serve, stopServing } from './testing/serve.js';

afterEach(stopServing);

const messages = [{ role: 'user', content: 'Hello there' }] as const;
const chat = { model: 'echo', messages: [...messages] };

describe('The official client', () => {
  it('lists and retrieves models', async () => {
    const client = await aClient({ backend: echoBackend({ models: ['echo', 'owner/name'] }) });

    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);

    expect(ids).toEqual(['echo', 'owner/name']);
    expect((await client.models.retrieve('owner/name')).id).toBe('owner/name');
  });

  it('gets an answer, and the id of its request', async () => {
    const client = await aClient();

    const completion = await client.chat.completions.create({ ...chat, seed: 1, stop: [' there'], max_tokens: 9 });

    expect(completion.choices[0]?.message.content).toBe('Hello');
    expect(completion._request_id).toMatch(/^req_/);
  });

  it('reads a stream with usage', async () => {
    const client = await aClient();
    const stream = await client.chat.completions.create({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });

    let text = '';
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage ??= chunk.usage;
    }

    expect(text).toBe('Hello there');
    expect(usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 });
  });

  it('puts a streamed answer together with its helper, which needs roles, indices and ends', async () => {
    const client = await aClient();

    const completion = await client.chat.completions.stream({ ...chat, n: 2 }).finalChatCompletion();

    expect(completion.choices.map(({ message }) => message)).toMatchObject([
      { role: 'assistant', content: 'Hello there' },
      { role: 'assistant', content: 'Hello there' },
    ]);
  });

  it.each([
    ['invalid_value', 400, OpenAI.BadRequestError],
    ['invalid_api_key', 401, OpenAI.AuthenticationError],
    ['insufficient_permissions', 403, OpenAI.PermissionDeniedError],
    ['model_not_found', 404, OpenAI.NotFoundError],
    ['request_too_large', 413, APIError],
    ['rate_limit_exceeded', 429, OpenAI.RateLimitError],
    ['engine_failed', 500, OpenAI.InternalServerError],
    ['overloaded', 503, OpenAI.InternalServerError],
  ] as const)('throws its own class for %s', async (code, status, errorClass) => {
    const client = await aClient({
      backend: failing(new ApiError(code satisfies ApiErrorCode, 'No.', { param: 'x' })),
    });

    const error = await client.chat.completions.create(chat).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({ status, code, param: 'x', message: `${status} No.` });
    expect((error as APIError).requestID).toMatch(/^req_/);
  });

  it('throws when a stream breaks', async () => {
    const beforeWord = (word: number): void => {
      if (word === 1) throw new InferenceError('engine_failed', 'The process died.');
    };
    const client = await aClient({ backend: echoBackend({ beforeWord }) });
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    let text = '';

    const reading = async (): Promise<void> => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    };

    await expect(reading()).rejects.toMatchObject({ code: 'engine_failed', type: 'server_error' });
    expect(text).toBe('Hello');
  });

  it('sends again what it was told to send again, and nothing else', async () => {
    for (const [code, requests] of [
      ['overloaded', 3],
      ['insufficient_quota', 1],
      ['invalid_value', 1],
    ] as const) {
      let asked = 0;
      const error = new ApiError(code, 'No.', { headers: { 'retry-after-ms': '1' } });
      const client = await aClient({ backend: failing(error, () => (asked += 1)) }, 2);

      await expect(client.chat.completions.create(chat)).rejects.toThrow(APIError);

      expect([code, asked]).toEqual([code, requests]);
    }
  });

  it('frees what it aborts', async () => {
    const backend = echoBackend({ respond: () => 'word '.repeat(1_000_000) });
    const serving = await serve({ backend });
    const client = new OpenAI({ apiKey: 'any', baseURL: serving.url });
    const stream = await client.chat.completions.create({ ...chat, stream: true });

    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;

    expect(await serving.report(0)).toMatchObject({ cancelled: true, streamed: true });
  });
});

async function aClient(options: Partial<OpenAIRouterOptions> = {}, maxRetries = 0): Promise<OpenAI> {
  const { url } = await serve(options);
  return new OpenAI({ apiKey: 'any', baseURL: url, maxRetries });
}

function failing(error: Error, onAsked: () => void = () => undefined): InferenceBackend {
  return {
    ...echoBackend(),
    // eslint-disable-next-line require-yield
    async *generate() {
      onAsked();
      throw error;
    },
  };
}
