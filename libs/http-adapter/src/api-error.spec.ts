import { readFileSync } from 'node:fs';
import { InferenceError, type RequestField } from '@mcli/inference';
import { ChatCompletionRequest, ErrorBody } from '@mcli/openai-schema';
import fc from 'fast-check';
import { ApiError, apiErrorCodes, modelNotFound, toApiError } from './index.js';

describe('ApiError', () => {
  it('has a section in docs/errors.md for every code, under its status, and none for others', () => {
    const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    let status = '';
    const documented: string[] = [];
    for (const [, level = '', title = ''] of text.matchAll(/^(##|###) (\w+)$/gm)) {
      if (level === '##') status = title;
      else documented.push(`${status} ${title}`);
    }

    expect(documented).toEqual(apiErrorCodes.map((code) => `${new ApiError(code, 'No.').status} ${code}`));
  });

  it('has the types by which clients tell what to send again', () => {
    for (const code of apiErrorCodes) {
      const { status, type, headers } = new ApiError(code, 'No.');
      const wanted = status === 429 ? 'rate_limit_error' : status === 408 || status >= 500 ? 'server_error' : undefined;
      expect([code, type]).toEqual([code, wanted ?? 'invalid_request_error']);
      expect([code, headers['retry-after'] !== undefined]).toEqual([
        code,
        status === 503 || code === 'rate_limit_exceeded',
      ]);
      expect(status).not.toBe(422);
    }
  });

  it('sends a time to wait that clients follow: whole seconds from 1 to 60', () => {
    const wait = (retryAfter: number) => new ApiError('overloaded', 'No.', { retryAfter }).headers['retry-after'];

    expect([wait(0), wait(0.2), wait(7.5), wait(3600)]).toEqual(['1', '1', '8', '60']);
  });

  it('is recognised when another copy of the package made it', () => {
    const other = Object.assign(new Error('No.'), { [Symbol.for('mcli.api-error')]: true });

    expect(ApiError.isInstance(other)).toBe(true);
    expect(ApiError.isInstance(new Error('No.'))).toBe(false);
    expect(ApiError.isInstance(null)).toBe(false);
  });
});

describe('toApiError', () => {
  it('makes an error reply of anything', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const { status, body } = toApiError(thrown);
        expect(ErrorBody.parse(body)).toEqual(body);
        expect([status, body.error.code]).toEqual([500, 'internal_error']);
      }),
    );
  });

  it('names the field that holds the prompt', () => {
    const error = new InferenceError('context_length_exceeded', 'Too long.', {
      details: { contextLength: 512, promptTokens: 900 },
    });

    expect(toApiError(error).message).toBe(
      "This model's maximum context length is 512 tokens. However, your messages resulted in 900 tokens. Please reduce the length of the messages.",
    );
    expect(toApiError(error, 'prompt')).toMatchObject({
      param: 'prompt',
      message: expect.stringContaining('your prompt resulted in 900 tokens. Please reduce the length of the prompt.'),
    });
    expect(toApiError(new InferenceError('context_length_exceeded', 'Too long.')).message).toMatch(
      /^This model's maximum context length is /,
    );
  });

  it('names the field that a backend could not work with, in the words of the API', () => {
    const invalid = (field: RequestField) =>
      toApiError(new InferenceError('invalid_request', 'No.', { details: { field } }));

    expect(invalid('logitBias')).toMatchObject({ status: 400, code: 'invalid_value', param: 'logit_bias' });
    expect(invalid('maxTokens').param).toBe('max_tokens');
    expect(invalid('prompt').param).toBe('messages');
    expect(invalid('cacheScope').param).toBeNull();
    const refusal = new InferenceError('unsupported', 'No.', { details: { field: 'prompt' } });
    expect(toApiError(refusal, 'prompt')).toMatchObject({ code: 'unsupported', param: 'prompt' });
    expect(toApiError(new InferenceError('unsupported', 'No.')).param).toBeNull();
  });

  it('passes on how long a busy backend wants to be left alone', () => {
    const error = new InferenceError('overloaded', 'Full.', { details: { retryAfter: 12.3 } });

    expect(toApiError(error).headers).toEqual({ 'retry-after': '13' });
  });

  it('names the first problem of a schema error', () => {
    const { error } = ChatCompletionRequest.safeParse({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      n: 99,
    });

    expect(toApiError(error)).toMatchObject({ status: 400, code: 'invalid_value', param: 'n' });
  });

  it('knows the errors of body parsers', () => {
    const parserError = (status: number, type?: string) => Object.assign(new Error('raw'), { status, type });

    expect(toApiError(parserError(413, 'entity.too.large')).code).toBe('request_too_large');
    expect(toApiError(parserError(415, 'charset.unsupported')).code).toBe('unsupported_media_type');
    expect(toApiError(parserError(400, 'entity.parse.failed')).code).toBe('invalid_json');
    expect(toApiError(parserError(400)).code).toBe('invalid_value');
    expect(toApiError(parserError(500)).code).toBe('internal_error');
  });

  it('keeps words out of messages that make clients take one error for another', () => {
    const triggers =
      /\b429\b|rate[\s_-]*limit|request timed out|request timeout error|request too large|a timeout occurred|service tier capacity/i;
    const errors = [
      ...(['overloaded', 'loading', 'closed', 'engine_failed'] as const).map((code) => new InferenceError(code, 'x')),
      ...[413, 415, 400].map((status) => Object.assign(new Error('x'), { status })),
      new Error('x'),
      modelNotFound('m'),
    ];

    for (const error of errors) expect(JSON.stringify(toApiError(error).body)).not.toMatch(triggers);
  });
});
