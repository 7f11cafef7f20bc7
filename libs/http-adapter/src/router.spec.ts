import { echoBackend } from '@mcli/inference/testing';
import express from 'express';
import request from 'supertest';
import { allowAnyone, createOpenAIRouter, type OpenAIRouterOptions } from './index.js';

describe('createOpenAIRouter', () => {
  it('answers a chat', async () => {
    const { body } = await request(anApp()).post('/v1/chat/completions').send(aChat('Hello there')).expect(200);

    expect(body).toMatchObject({
      object: 'chat.completion',
      model: 'echo',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 },
    });
  });

  it('streams a chat', async () => {
    const { text } = await request(anApp())
      .post('/v1/chat/completions')
      .send({ ...aChat('Hello there'), stream: true });

    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });
});

function anApp(options: Partial<OpenAIRouterOptions> = {}): express.Express {
  const app = express();
  app.use('/v1', createOpenAIRouter({ backend: echoBackend(), authenticate: allowAnyone, ...options }));
  return app;
}

function aChat(content: string): object {
  return { model: 'echo', messages: [{ role: 'user', content }] };
}
