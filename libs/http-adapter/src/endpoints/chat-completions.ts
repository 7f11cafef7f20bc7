import { ChatCompletionRequest } from '@mcli/openai-schema';
import { defineEndpoint } from '../endpoint.js';
import { randomText } from '../random-text.js';
import { ignoredFields, refuseUnsupported, refusedFields } from './chat-support.js';
import { findModel } from './find-model.js';
import { mergeGenerations } from './merge-generations.js';
import { fingerprintOf, toChunks, toCompletion } from './to-completion.js';
import { promptLength, toGenerateRequest } from './to-generate-request.js';

export const createChatCompletion = defineEndpoint({
  method: 'POST',
  path: '/chat/completions',
  scope: 'chat:create',
  body: ChatCompletionRequest,
  refused: refusedFields,
  ignored: ignoredFields,

  async handle(body, context) {
    const card = await findModel(body.model, context);
    refuseUnsupported(body);
    const answers = body.n ?? 1;
    await context.admit({
      model: card.id,
      promptCharacters: promptLength(body),
      maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
      answers,
    });
    const events = mergeGenerations(
      Array.from({ length: answers }, (_, index) =>
        context.backend.generate(toGenerateRequest(body, { card, index, context })),
      ),
    );
    const head = {
      id: `chatcmpl-${randomText(29)}`,
      created: Math.floor(context.now() / 1000),
      model: card.id,
      system_fingerprint: fingerprintOf(card),
    };
    return body.stream === true
      ? { kind: 'events', events: toChunks(events, head, body.stream_options?.include_usage ?? false) }
      : { kind: 'json', body: await toCompletion(events, head) };
  },
});
