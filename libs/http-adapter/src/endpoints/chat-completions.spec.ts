import { type GenerateRequest, type InferenceBackend, InferenceError } from '@mcli/inference';
import { echoBackend } from '@mcli/inference/testing';
import { ChatCompletion } from '@mcli/openai-schema';
import request from 'supertest';
import type { Principal } from '../index.js';
import { aChat, serve, stopServing } from '../testing/serve.js';

afterEach(stopServing);

describe('POST /chat/completions', () => {
  it('answers in the shape that clients know', async () => {
    const { body, headers } = await chat(aChat('Hello there'));

    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(ChatCompletion.parse(body)).toEqual(body);
    expect(body).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9A-Za-z]{29}$/),
      object: 'chat.completion',
      created: 1_800_000_000,
      model: 'echo',
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{10}$/),
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello there', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 2,
        completion_tokens: 2,
        total_tokens: 4,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
  });

  it('writes until the model stops when no limit is named, and says when a limit ended it', async () => {
    const words = Array.from({ length: 300 }, (_, index) => `w${index}`).join(' ');

    expect((await chat(aChat(words))).body.choices[0]).toMatchObject({
      message: { content: words },
      finish_reason: 'stop',
    });
    for (const field of ['max_tokens', 'max_completion_tokens']) {
      expect((await chat(aChat(words, { [field]: 2 }))).body.choices[0]).toMatchObject({
        message: { content: 'w0 w1' },
        finish_reason: 'length',
      });
    }
  });

  it('ends at a stop text, which is not part of the answer', async () => {
    const answer = async (stop: unknown) => (await chat(aChat('one two three', { stop }))).body.choices[0];

    expect(await answer(' two')).toMatchObject({ message: { content: 'one' }, finish_reason: 'stop' });
    expect(await answer(['x', 'e t'])).toMatchObject({ message: { content: 'on' } });
    expect(await answer(null)).toMatchObject({ message: { content: 'one two three' } });
    expect((await chat(aChat('Hi', { stop: Array.from({ length: 16 }, (_, i) => `s${i}`) }))).status).toBe(200);
  });

  it('gives n answers, and counts the prompt once', async () => {
    const { body } = await chat(aChat('Hello there', { n: 3 }));

    expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
    expect(body.choices[2].message.content).toBe('Hello there');
    expect(body.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 6, total_tokens: 8 });
  });

  it('ends all n answers when one of them fails', async () => {
    let started = 0;
    let ended = 0;
    const backend: InferenceBackend = {
      ...echoBackend(),
      async *generate() {
        const number = (started += 1);
        try {
          yield { type: 'start', model: 'echo', promptTokens: 1 };
          if (number === 2) throw new InferenceError('overloaded', 'The queue is full.');
          for (;;) yield { type: 'text-delta', text: await new Promise((resolve) => setImmediate(resolve, 'x')) };
        } finally {
          ended += 1;
        }
      },
    };

    const { status, body } = await chat(aChat('Hi', { n: 3 }), backend);

    expect([status, body.error.code]).toEqual([503, 'overloaded']);
    while (ended < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(3);
  });
});

describe('What the backend is asked', () => {
  it('is the conversation in its own words', async () => {
    const asked = await whatIsAsked({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'system',
          content: [
            { type: 'text', text: 'Be' },
            { type: 'text', text: 'kind.' },
          ],
          name: 'house',
        },
        { role: 'user', content: 'Add 1 and 2.', prefix: true },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: '3' }] },
        { role: 'assistant', content: 'It is' },
      ],
    });

    expect(asked.prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be\nkind.', name: 'house' },
      { role: 'user', content: 'Add 1 and 2.' },
      { role: 'assistant', content: '{"name": "add", "arguments": {"a":1,"b":2}}' },
      { role: 'tool', content: '3' },
      { role: 'assistant', content: 'It is' },
    ]);
  });

  it('leaves the sampling to the model when the request names none', async () => {
    expect((await whatIsAsked({})).sampling).toBeUndefined();
    expect((await whatIsAsked({ temperature: null, top_p: null, seed: null })).sampling).toBeUndefined();
  });

  it('is the sampling that the request names, and no more', async () => {
    expect((await whatIsAsked({ temperature: 0 })).sampling).toEqual({ temperature: 0 });
    expect(
      (
        await whatIsAsked({
          temperature: 0.5,
          top_p: 0.9,
          top_k: 40,
          min_p: 0.1,
          frequency_penalty: 1,
          presence_penalty: -1,
          repetition_penalty: 1.1,
          logit_bias: { '17': -100 },
          seed: 7,
        })
      ).sampling,
    ).toEqual({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      minP: 0.1,
      frequencyPenalty: 1,
      presencePenalty: -1,
      repetitionPenalty: 1.1,
      logitBias: { '17': -100 },
      seed: 7,
    });
  });

  it("keeps the model's recommendation beside a seed, and gives each of n answers its own", async () => {
    const asked = await whatAllAreAsked({ seed: 7, n: 2 });

    expect(asked.map(({ sampling }) => sampling)).toEqual([
      { temperature: 0.2, seed: 7 },
      { temperature: 0.2, seed: 8 },
    ]);
  });

  it("carries the caller's root as the scope of cached prompts", async () => {
    expect((await whatIsAsked({})).cacheScope).toBe('root_1');
  });

  it('never holds half a character', async () => {
    const { prompt } = await whatIsAsked({ messages: [{ role: 'user', content: 'a\ud83d b \ud83d\ude42' }] });

    expect(prompt).toEqual([{ role: 'user', content: 'a\ufffd b \ud83d\ude42' }]);
  });
});

describe('A bad chat request', () => {
  it.each([
    ['messages', { messages: undefined }],
    ['messages', { messages: null }],
    ['messages', { messages: [] }],
    ['messages', { messages: 'Hi' }],
    ['messages', { messages: Array.from({ length: 2049 }, () => ({ role: 'user', content: 'x' })) }],
    ['messages[0]', { messages: [null] }],
    ['messages[0].role', { messages: [{ role: 'System', content: 'x' }] }],
    ['messages[0].role', { messages: [{ content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 7 }] }],
    ['messages[0].content', { messages: [{ role: 'assistant', content: null }] }],
    ['messages[0].content[1].type', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, {}] }] }],
    ['messages[0].content[0].text', { messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }] }],
    ['messages[0].name', { messages: [{ role: 'user', content: 'x', name: '<|im_start|>' }] }],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x', tool_call_id: 'call_9' }] }],
    ['model', { model: undefined }],
    ['model', { model: 7 }],
    ['model', { model: '' }],
    ['model', { model: 'a\nb' }],
    ['model', { model: 'x'.repeat(10_000) }],
    ['temperature', { temperature: 2.01 }],
    ['temperature', { temperature: '1' }],
    ['top_p', { top_p: -1 }],
    ['top_k', { top_k: -5 }],
    ['min_p', { min_p: 2 }],
    ['repetition_penalty', { repetition_penalty: 0 }],
    ['frequency_penalty', { frequency_penalty: '0' }],
    ['presence_penalty', { presence_penalty: 2.01 }],
    ['max_tokens', { max_tokens: 0 }],
    ['max_tokens', { max_tokens: 1.5 }],
    ['max_tokens', { max_tokens: 5, max_completion_tokens: 6 }],
    ['n', { n: 0 }],
    ['n', { n: 9 }],
    ['stop', { stop: '' }],
    ['stop', { stop: Array.from({ length: 17 }, () => 'x') }],
    ['stop[0]', { stop: [null] }],
    ['stop', { stop: 'x'.repeat(257) }],
    ['logit_bias', { logit_bias: [] }],
    ['logit_bias.abc', { logit_bias: { abc: 1 } }],
    ['logit_bias.17', { logit_bias: { 17: 101 } }],
    ['logit_bias', { logit_bias: Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [index, 1])) }],
    ['seed', { seed: 1.5 }],
    ['seed', { seed: '1' }],
    ['stream', { stream: 'true' }],
    ['stream_options', { stream: true, stream_options: true }],
    ['stream_options.include_usage', { stream: true, stream_options: { include_usage: 1 } }],
    ['top_logprobs', { top_logprobs: 21 }],
    ['top_logprobs', { top_logprobs: 3 }],
    ['tool_choice.type', { tool_choice: {} }],
    ['tools[1].function.name', { tools: [aTool('add'), aTool('add')] }],
    ['tools[0].type', { tools: [{ type: 'other' }] }],
    ['response_format.type', { response_format: { type: 'xml' } }],
    ['reasoning_effort', { reasoning_effort: 'very' }],
    ['user', { user: 'x'.repeat(65) }],
    ['metadata', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])) }],
  ])('has 400 and names %s (%#)', async (param, fields) => {
    const { status, body } = await chat(aChat('Hi', fields));

    expect(body).toEqual({
      error: {
        message: expect.stringMatching(new RegExp(`^Invalid value for '${param.replace(/[[\].]/g, '\\$&')}': .+\\.$`)),
        type: 'invalid_request_error',
        param,
        code: 'invalid_value',
      },
    });
    expect(status).toBe(400);
  });

  it('reports its first problem only', async () => {
    const { body } = await chat({ temperature: 9, messages: [], model: '' });

    expect(body.error.param).toBe('model');
  });

  it.each([
    ['messages[0].content[1]', { messages: [aUser([aText('What is this?'), anImage()])] }],
    ['modalities', { modalities: ['text', 'audio'], audio: { format: 'wav', voice: 'alloy' } }],
    ['tools', { tools: [aTool('add')] }],
    ['tools', { tools: [aTool('add')], tool_choice: 'required' }],
    ['tool_choice', { tool_choice: 'required' }],
    ['functions', { functions: [{ name: 'add' }] }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['response_format', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } }],
    ['logprobs', { logprobs: true, top_logprobs: 3 }],
    ['web_search_options', { web_search_options: {} }],
    ['chat_template', { chat_template: '{{ messages }}' }],
    ['guided_json', { guided_json: {} }],
  ])('that asks for what is not there has 400 and names %s (%#)', async (param, fields) => {
    const { status, body } = await chat(aChat('Hi', fields));

    expect([status, body.error.type, body.error.code, body.error.param]).toEqual([
      400,
      'invalid_request_error',
      'unsupported',
      param,
    ]);
  });

  it('is not one when it asks for less than there is', async () => {
    for (const fields of [
      { tools: [] },
      { tools: [aTool('add')], tool_choice: 'none' },
      { tool_choice: 'auto', parallel_tool_calls: true },
      { response_format: { type: 'text' } },
      { logprobs: false, top_logprobs: null },
      { modalities: ['text'] },
      { messages: [aUser('a'), aUser('b'), { role: 'assistant', content: 'c' }, { role: 'system', content: 'd' }] },
      { max_tokens: 5, max_completion_tokens: 5 },
      { max_tokens: null },
      { max_completion_tokens: null },
      { max_tokens: null, max_completion_tokens: null },
      { max_tokens: 5, max_completion_tokens: null },
      { max_tokens: null, max_completion_tokens: 5 },
      { stop: [], top_k: -1 },
      { messages: [{ role: 'user', content: [] }] },
      { user: 'u', service_tier: 'auto', store: false },
    ]) {
      const { status, headers } = await chat(aChat('Hi', fields));
      expect(status).toBe(200);
      expect(headers['x-mcli-ignored-params']).toBeUndefined();
    }
  });
});

describe('Fields without effect', () => {
  const fields = {
    store: true,
    stream_options: { include_usage: true },
    best_of: 3,
    reasoning_effort: 'high',
    messages: [
      { role: 'user', content: 'Hi', prefix: true },
      { role: 'user', content: 'Ho', prefix: true },
    ],
  };

  it('are named in a header', async () => {
    const { status, headers } = await chat(aChat('Hi', fields));

    expect(status).toBe(200);
    expect(headers['x-mcli-ignored-params']).toBe(
      'messages[0].prefix, best_of, store, stream_options, reasoning_effort',
    );
  });

  it('are refused when the server is strict', async () => {
    const { url } = await serve({ strictParams: true });
    const strict = async (more: object) => (await request(url).post('/chat/completions').send(aChat('Hi', more))).body;

    expect((await strict({ best_of: 3 })).error).toMatchObject({ code: 'unsupported', param: 'best_of' });
    expect((await strict({ store: true })).error).toMatchObject({ code: 'unsupported', param: 'store' });
    expect((await strict({ 'odd\nname': 1 })).error).toMatchObject({ code: 'unsupported' });
    expect((await strict({ temperature: 1, unknown: null })).error).toBeUndefined();
  });

  it('cannot write headers of their own', async () => {
    const { status, headers } = await chat(aChat('Hi', { 'x\r\nset-cookie: a=b': 1, é: 1, ok_1: 1 }));

    expect(status).toBe(200);
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['x-mcli-ignored-params']).toBe('*, ok_1');
  });
});

describe('A backend that fails', () => {
  it.each([
    ['model_not_found', 404, 'invalid_request_error', 'model_not_found'],
    ['unsupported', 400, 'invalid_request_error', 'unsupported'],
    ['overloaded', 503, 'server_error', 'overloaded'],
    ['loading', 503, 'server_error', 'loading'],
    ['closed', 503, 'server_error', 'draining'],
    ['engine_failed', 500, 'server_error', 'engine_failed'],
  ] as const)('with %s has its own status, streamed or not', async (code, status, type, sent) => {
    const failing = failingBackend(new InferenceError(code, 'No.', { details: { model: 'echo' } }));

    for (const stream of [false, true]) {
      const reply = await chat(aChat('Hi', { stream }), failing);
      expect([reply.status, reply.body.error?.type, reply.body.error?.code]).toEqual([status, type, sent]);
      expect(reply.headers['content-type']).toMatch(/^application\/json/);
      expect(reply.headers['retry-after'] !== undefined).toBe(status === 503);
    }
  });

  it('for want of room answers in the sentence that clients recognise', async () => {
    const { status, body } = await chat(aChat('one two three four five'), echoBackend({ contextLength: 5 }));

    expect(status).toBe(400);
    expect(body.error).toEqual({
      message:
        "This model's maximum context length is 5 tokens. However, your messages resulted in 5 tokens. Please reduce the length of the messages.",
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    });
  });

  it('for a reason nobody knows says one fixed sentence, and tells the log', async () => {
    const serving = await serve({ backend: failingBackend(new Error('EACCES /srv/model.bin: "Hi"')) });

    const { status, text, body } = await request(serving.url).post('/chat/completions').send(aChat('Hi'));

    expect([status, body.error.type, body.error.code]).toEqual([500, 'server_error', 'internal_error']);
    expect(text).not.toContain('EACCES');
    expect(String((await serving.report(0)).error)).toContain('EACCES');
  });

  it('by stopping without an end is no success', async () => {
    const backend: InferenceBackend = {
      ...echoBackend(),
      async *generate() {
        yield { type: 'start', model: 'echo', promptTokens: 1 };
      },
    };

    expect((await chat(aChat('Hi'), backend)).body.error.code).toBe('engine_failed');
  });
});

async function chat(body: object, backend: InferenceBackend = echoBackend()) {
  const { url } = await serve({ backend, now: () => 1_800_000_000_999 });
  return request(url).post('/chat/completions').send(body);
}

/** What the backend is asked for a request with these fields. */
async function whatAllAreAsked(fields: object): Promise<readonly GenerateRequest[]> {
  const asked: GenerateRequest[] = [];
  const echo = echoBackend();
  const caller: Principal = { id: 'key_1', rootId: 'root_1', scopes: ['chat:create'], models: null };
  const { url } = await serve({
    authenticate: async () => ({ ok: true, caller }),
    backend: {
      ...echo,
      models: async () => (await echo.models()).map((card) => ({ ...card, recommendedSampling: { temperature: 0.2 } })),
      generate: (generation) => {
        asked.push(generation);
        return echo.generate(generation);
      },
    },
  });
  await request(url).post('/chat/completions').send(aChat('Hi', fields)).expect(200);
  return asked;
}

async function whatIsAsked(fields: object): Promise<GenerateRequest> {
  const [asked] = await whatAllAreAsked(fields);
  if (asked === undefined) throw new Error('The backend was not asked.');
  return asked;
}

function failingBackend(error: Error): InferenceBackend {
  return {
    ...echoBackend(),
    // eslint-disable-next-line require-yield
    async *generate() {
      throw error;
    },
  };
}

function aUser(content: unknown): object {
  return { role: 'user', content };
}

function aText(text: string): object {
  return { type: 'text', text };
}

function anImage(): object {
  return { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } };
}

function aTool(name: string): object {
  return { type: 'function', function: { name, parameters: { type: 'object' } } };
}
