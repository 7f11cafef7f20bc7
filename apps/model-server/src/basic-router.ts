import { ApiError, sendApiError, toApiError } from '@mcli/http-adapter';
import type { FinishReason, InferenceBackend, Usage } from '@mcli/inference';
import type { Request, Response, Router } from 'express';
import express from 'express';
import { z } from 'zod';

/** `null` is as good as absent in optional fields. */
const GenerateBody = z.object({
  prompt: z.string().min(1).max(10_000_000),
  /** Sends the prompt as it is, not as a user's message in the model's chat template. */
  raw: z.boolean().nullish(),
  /** -1 is what many clients send for "no limit": as good as absent. */
  max_tokens: z
    .int()
    .refine((limit) => limit === -1 || limit >= 1, 'expected at least 1, or -1 for no limit')
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
});

/**
 * The basic local server: no keys, no OpenAI shapes. `GET /`, `GET /models`, and `POST /models/{id}/generate`
 * with `{"prompt": …}`, answered by `{"generated_text", "model", "usage"}`.
 */
export function createBasicRouter(options: { readonly backend: InferenceBackend; readonly bodyLimit: number }): Router {
  const { backend, bodyLimit } = options;
  const router = express.Router();
  router.get('/', (_request, response) => {
    const endpoints = ['GET /', 'GET /health', 'GET /models', 'POST /models/{id}/generate'];
    response.json({ name: 'mcli', endpoints, openai: 'Start with --openai-compatible for the OpenAI API.' });
  });
  router.get('/models', async (_request, response) => {
    const models = await backend.models();
    response.json({ models: models.map(({ id, contextLength }) => ({ id, context_length: contextLength })) });
  });
  const readBody = express.json({ limit: bodyLimit });
  router.post('/models/*id/generate', readBody, (request, response) => generate(backend, request, response));
  router.all(['/', '/models', '/models/*id/generate'], (request, response) => {
    const allow = request.path.endsWith('/generate') ? 'POST' : 'GET, HEAD';
    sendApiError(response, new ApiError('method_not_allowed', `Use ${allow} here.`, { headers: { allow } }));
  });
  return router;
}

/** @throws ApiError what is wrong with the body */
function readGenerateBody(request: Request): z.infer<typeof GenerateBody> {
  // Of web pages, only those that may can send JSON: that keeps others from making this machine work.
  if (request.body === undefined && request.is('json') === false) {
    throw new ApiError('unsupported_media_type', "The body must be JSON, with 'content-type: application/json'.");
  }
  const parsed = GenerateBody.safeParse(request.body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = issue?.path.join('.') || null;
  throw new ApiError('invalid_value', `${param ?? 'The body'}: ${issue?.message ?? 'not understood'}.`, { param });
}

async function generate(backend: InferenceBackend, request: Request, response: Response): Promise<void> {
  const { prompt, raw, max_tokens: maxTokens, temperature } = readGenerateBody(request);
  const left = new AbortController();
  response.once('close', () => left.abort());
  const { id } = request.params as unknown as { id: readonly string[] };
  let text = '';
  let end: { readonly reason: FinishReason; readonly usage: Usage } | undefined;
  try {
    const events = backend.generate({
      model: id.join('/'),
      prompt: raw ? prompt : [{ role: 'user', content: prompt }],
      maxTokens: maxTokens === -1 ? undefined : (maxTokens ?? undefined),
      sampling: typeof temperature === 'number' ? { temperature } : undefined,
      signal: left.signal,
    });
    for await (const event of events) {
      if (event.type === 'text-delta') text += event.text;
      if (event.type === 'end') end = event;
    }
  } catch (error) {
    if (left.signal.aborted) return;
    throw toApiError(error, 'prompt');
  }
  const { promptTokens = 0, completionTokens = 0 } = end?.usage ?? {};
  response.json({
    generated_text: text,
    model: id.join('/'),
    finish_reason: end?.reason,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  });
}
