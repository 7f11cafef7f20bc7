import fc from 'fast-check';
import { z } from 'zod';
import { ChatCompletionRequest, parseRequest } from './index.js';

const request = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };

describe('parseRequest', () => {
  it('keeps what it knows and names what it does not', () => {
    const parsed = parseRequest(ChatCompletionRequest, {
      ...request,
      messages: [
        { role: 'user', content: 'Hi', prefix: true },
        { role: 'user', content: 'Ho', prefix: true, cache_control: {} },
      ],
      stream_options: { include_usage: true, extra: 1 },
      best_of: 2,
      absent: null,
      temperature: null,
    });

    expect(parsed).toEqual({
      ok: true,
      body: {
        model: 'm',
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'user', content: 'Ho' },
        ],
        stream_options: { include_usage: true },
        temperature: null,
      },
      unknown: ['messages[0].prefix', 'messages[1].cache_control', 'stream_options.extra', 'best_of'],
    });
  });

  it.each(['max_tokens', 'max_completion_tokens'])(
    'takes -1 in %s for no limit, and no other number below 1',
    (field) => {
      const parsed = parseRequest(ChatCompletionRequest, { ...request, [field]: -1 });
      expect(parsed).toEqual({ ok: true, body: request, unknown: [] });
      for (const bad of [0, -2, 1.5, '-1']) {
        expect(parseRequest(ChatCompletionRequest, { ...request, [field]: bad })).toMatchObject({ ok: false });
      }
      expect(parseRequest(ChatCompletionRequest, { ...request, [field]: 7 })).toMatchObject({ body: { [field]: 7 } });
    },
  );

  it('does not look into what may hold anything', () => {
    const fields = {
      metadata: { anything: 'goes' },
      logit_bias: { 5: 1 },
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', odd: { very: 'odd' } } } }],
    };

    expect(parseRequest(ChatCompletionRequest, { ...request, ...fields })).toMatchObject({ ok: true, unknown: [] });
  });

  it('names no more than 32 unknown fields, and odd ones as *', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field${index}`, 1]));
    const odd = { 'a\r\nb': 1, ['x'.repeat(65)]: 1, '': 1 };

    expect(parseRequest(z.object({}), many)).toMatchObject({ unknown: { length: 32 } });
    expect(parseRequest(z.object({}), odd)).toMatchObject({ unknown: ['*'] });
  });

  it('says what is wrong in the words of the field, and never repeats what was sent', () => {
    const problem = (fields: object) => {
      const parsed = parseRequest(ChatCompletionRequest, { ...request, ...fields });
      return parsed.ok ? undefined : parsed.problem;
    };

    expect(problem({ messages: undefined })).toEqual({
      param: 'messages',
      message: "Invalid value for 'messages': this field is required.",
    });
    expect(problem({ messages: [{ role: 'user', content: 42 }] })).toEqual({
      param: 'messages[0].content',
      message: "Invalid value for 'messages[0].content': expected string or array.",
    });
    expect(problem({ messages: [{ role: 'user', content: [{ type: 'text', text: 42 }] }] })).toEqual({
      param: 'messages[0].content[0].text',
      message: "Invalid value for 'messages[0].content[0].text': expected string, received number.",
    });
    expect(problem({ tool_choice: 'secret' })?.message).not.toContain('secret');
    expect(problem({ reasoning_effort: 'secret' })?.message).not.toContain('secret');
    expect(problem({ logit_bias: { 'odd\nkey': 1 } })?.param).toBe('logit_bias');
    expect(parseRequest(ChatCompletionRequest, 'secret')).toEqual({
      ok: false,
      problem: { param: null, message: 'Invalid request: expected object, received string.' },
    });
  });

  it.each([
    [{ stop: Array(17).fill('a') }, 'stop', '<=16 items'],
    [{ stop: '' }, 'stop', '>=1 characters'],
    [{ stop: 5 }, 'stop', 'expected string or array'],
    [{ tool_choice: 'sometimes' }, 'tool_choice', '"required"'],
    [{ tool_choice: { type: 'sometimes' } }, 'tool_choice.type', "'allowed_tools'"],
    [{ function_call: 'sometimes' }, 'function_call', '"auto"'],
    [{ messages: [{ role: 'user', content: [{ type: 'video' }] }] }, 'messages[0].content[0].type', "'image_url'"],
  ])('says of %j which form came nearest and why', (fields, param, words) => {
    const parsed = parseRequest(ChatCompletionRequest, { ...request, ...fields });

    expect(parsed).toMatchObject({ ok: false, problem: { param, message: expect.stringContaining(words) } });
    expect(JSON.stringify(parsed)).not.toContain('sometimes');
  });

  it('takes null in every optional field, and empty lists, for absent', () => {
    const optional = Object.keys(ChatCompletionRequest.shape).filter((name) => !(name in request));
    for (const name of optional) {
      expect([name, parseRequest(ChatCompletionRequest, { ...request, [name]: null }).ok]).toEqual([name, true]);
    }
    expect(parseRequest(ChatCompletionRequest, { ...request, stop: [], tools: [], functions: [] }).ok).toBe(true);
  });

  it('takes any JSON without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.jsonValue({ maxDepth: 5 }), (fields, messages) => {
        const body = typeof fields === 'object' ? { ...request, messages, ...fields } : fields;
        const parsed = parseRequest(ChatCompletionRequest, body);
        if (parsed.ok) expect(parsed.body.model.length).toBeGreaterThan(0);
        else expect(parsed.problem.message).toMatch(/^Invalid (request|value for '[^']+'): .+\.$/);
      }),
    );
  });
});
