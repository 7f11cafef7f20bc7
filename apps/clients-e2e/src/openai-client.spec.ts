import OpenAI, { APIError, AuthenticationError, BadRequestError, InternalServerError, NotFoundError } from 'openai';
import { RunningMcli, temporaryHome } from './testing/mcli.js';

const model = 'smollm2-135m-instruct';
const paris = [{ role: 'user' as const, content: 'What is the capital of France? Answer with one word.' }];
const endless = [{ role: 'user' as const, content: 'Write a long story about a fox.' }];

describe('The official openai client', () => {
  const home = temporaryHome();
  let server: RunningMcli;
  let client: OpenAI;

  beforeAll(async () => {
    server = await RunningMcli.start(home.path, ['--openai-compatible', '--slots', '2']);
    client = new OpenAI({ baseURL: server.baseUrl, apiKey: server.firstKey, maxRetries: 0 });
  }, 180_000);

  afterAll(async () => {
    await server.stop();
    home.remove();
  }, 120_000);

  it('lists and retrieves models', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual([model]);
    expect(await client.models.retrieve(model)).toMatchObject({ id: model, object: 'model', owned_by: 'mcli' });
  });

  it('gets a sensible answer, with usage', async () => {
    const completion = await client.chat.completions.create({ model, messages: paris, temperature: 0 });
    expect(completion.choices).toHaveLength(1);
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { role: 'assistant', content: 'The capital of France is Paris.', refusal: null },
    });
    expect(completion.usage).toMatchObject({ prompt_tokens: 42, completion_tokens: 8, total_tokens: 50 });
    expect(completion._request_id).toMatch(/^req_[0-9A-Za-z]{24}$/);
  });

  it('streams the same answer: role first, one finish, usage last', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: paris,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toBe('The capital of France is Paris.');
    const reasons = chunks.flatMap((chunk) => chunk.choices.map(({ finish_reason }) => finish_reason));
    expect(reasons.filter((reason) => reason !== null)).toEqual(['stop']);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('works with the stream helper', async () => {
    const runner = client.chat.completions.stream({ model, messages: paris, temperature: 0 });
    expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe('The capital of France is Paris.');
  });

  it('stops at a stop text and leaves it out', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages: paris,
      temperature: 0,
      stop: [' Paris'],
    });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'The capital of France is' } });
  });

  it('gives the same text for the same seed, and another for another', async () => {
    const ask = async (seed: number) => {
      const { choices } = await client.chat.completions.create({
        model,
        messages: endless,
        temperature: 1,
        seed,
        max_tokens: 24,
      });
      return choices[0]?.message.content;
    };
    const [first, again, other] = [await ask(7), await ask(7), await ask(8)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each(['max_tokens', 'max_completion_tokens'] as const)('ends at %s', async (field) => {
    const completion = await client.chat.completions.create({ model, messages: endless, [field]: 5 });
    expect(completion.choices[0]?.finish_reason).toBe('length');
    expect(completion.usage?.completion_tokens).toBe(5);
  });

  it('answers several choices', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages: endless,
      n: 3,
      max_tokens: 4,
      seed: 1,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  describe('throws', () => {
    it('AuthenticationError for a wrong key', async () => {
      const stranger = new OpenAI({ baseURL: server.baseUrl, apiKey: 'sk-wrong', maxRetries: 0 });
      const error = await failure(stranger.models.list());
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' });
      expect(error.message).toMatch(/Incorrect API key provided/);
      expect(error.message).not.toContain('sk-wrong');
    });

    it('NotFoundError for an unknown model', async () => {
      const error = await failure(client.chat.completions.create({ model: 'gpt-x', messages: paris }));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ status: 404, code: 'model_not_found' });
    });

    it('BadRequestError for a wrong value, with the field', async () => {
      const error = await failure(client.chat.completions.create({ model, messages: paris, temperature: 9 }));
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error).toMatchObject({ status: 400, param: 'temperature', type: 'invalid_request_error' });
    });

    it("BadRequestError for a prompt that doesn't fit, in OpenAI's words", async () => {
      const content = 'word '.repeat(9000);
      const error = await failure(client.chat.completions.create({ model, messages: [{ role: 'user', content }] }));
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error).toMatchObject({ code: 'context_length_exceeded', param: 'messages' });
      expect(error.message).toMatch(
        /This model's maximum context length is 8192 tokens\. However, your messages resulted in \d+ tokens\./,
      );
    });

    it('NotFoundError for an endpoint that is not there', async () => {
      const error = await failure(client.images.generate({ prompt: 'a fox' }));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ code: 'unknown_url' });
    });
  });

  it('frees the slot when a stream is aborted', async () => {
    for (let round = 0; round < 4; round++) {
      const stream = await client.chat.completions.create({ model, messages: endless, stream: true });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
      stream.controller.abort();
    }
    // Two slots: had the four streams kept theirs, this would wait for their whole stories.
    const { choices } = await client.chat.completions.create({ model, messages: paris, temperature: 0 });
    expect(choices[0]?.message.content).toBe('The capital of France is Paris.');
    await server.untilOutput(/"cancelled":true/);
    expect(server.log.filter(({ cancelled }) => cancelled === true).length).toBeGreaterThanOrEqual(4);
  });

  it('serves more callers than slots, each its own answer', async () => {
    const cities = ['France Paris', 'Japan Tokyo', 'Russia Moscow', 'Greece Athens', 'Germany Berlin', 'Egypt Cairo'];
    const answers = await Promise.all(
      cities.map(async (pair) => {
        const content = `What is the capital of ${pair.split(' ')[0]}? Answer with one word.`;
        const { choices } = await client.chat.completions.create({
          model,
          messages: [{ role: 'user', content }],
          temperature: 0,
        });
        return choices[0]?.message.content;
      }),
    );
    expect(answers).toEqual(cities.map((pair) => `The capital of ${pair.split(' ')[0]} is ${pair.split(' ')[1]}.`));
  });

  it("fails with engine_failed when the engine's process is killed, and answers after its restart", async () => {
    const stream = await client.chat.completions.create({ model, messages: endless, stream: true });
    const waiting = failure(client.chat.completions.create({ model, messages: endless, max_tokens: 2000 }));
    const pid = Number(server.log.findLast(({ message }) => message === 'engine ready')?.['pid']);
    const broken = failure(
      (async () => {
        for await (const chunk of stream) if (chunk.choices[0]?.delta.content) process.kill(pid, 'SIGKILL');
      })(),
    );
    const error = await waiting;
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 500, code: 'engine_failed' });
    expect(await broken).toMatchObject({ code: 'engine_failed' });

    await server.untilOutput(new RegExp(`"engine ready".*"pid":(?!${pid}\\b)`));
    const { choices } = await client.chat.completions.create({ model, messages: paris, temperature: 0 });
    expect(choices[0]?.message.content).toBe('The capital of France is Paris.');
  }, 120_000);

  it('leaves no key, prompt or answer in the log', () => {
    expect(server.log.length).toBeGreaterThan(10);
    expect(server.stderr).not.toContain(server.firstKey);
    expect(server.stderr).not.toMatch(/sk-wrong|capital of|story about/);
  });
});

async function failure(work: Promise<unknown>): Promise<APIError> {
  const outcome = await work.then(
    () => new Error('It should have failed.'),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(APIError);
  return outcome as APIError;
}
