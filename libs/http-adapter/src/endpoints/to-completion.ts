import { createHash } from 'node:crypto';
import type { FinishReason, ModelCard, Usage } from '@mcli/inference';
import type { ChatCompletion, ChatCompletionChunk, CompletionUsage } from '@mcli/openai-schema';
import type { ServerSentEvent } from '../endpoint.js';
import type { AnswerEvent } from './merge-generations.js';

/** What all parts of an answer have in common. */
export type AnswerHead = Pick<ChatCompletion, 'id' | 'created' | 'model' | 'system_fingerprint'>;

/** The whole answer, once all of it is there. */
export async function toCompletion(events: AsyncIterable<AnswerEvent>, head: AnswerHead): Promise<ChatCompletion> {
  const texts = new Map<number, string>();
  const reasons = new Map<number, FinishReason>();
  let usage: Usage | undefined;
  for await (const { index, event } of events) {
    if (event.type === 'text-delta') texts.set(index, (texts.get(index) ?? '') + event.text);
    if (event.type !== 'end') continue;
    reasons.set(index, event.reason);
    usage = sum(usage, event.usage);
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: [...reasons.entries()]
      .sort(([a], [b]) => a - b)
      .map(([index, finish_reason]) => ({
        index,
        message: { role: 'assistant', content: texts.get(index) ?? '', refusal: null },
        logprobs: null,
        finish_reason,
      })),
    usage: toUsage(usage),
  };
}

/** The answer piece by piece: the role, the text, why it ended; then, on request, what it cost. */
export async function* toChunks(
  events: AsyncIterable<AnswerEvent>,
  head: AnswerHead,
  includeUsage: boolean,
): AsyncGenerator<ServerSentEvent> {
  let total: Usage | undefined;
  const chunk = (choices: ChatCompletionChunk['choices'], usage: CompletionUsage | null): ServerSentEvent => {
    const data: ChatCompletionChunk = { ...head, object: 'chat.completion.chunk', choices };
    return { data: includeUsage ? { ...data, usage } : data };
  };
  const choice = (
    index: number,
    delta: ChatCompletionChunk['choices'][number]['delta'],
    finish_reason: FinishReason | null = null,
  ): ServerSentEvent => chunk([{ index, delta, logprobs: null, finish_reason }], null);

  for await (const { index, event } of events) {
    switch (event.type) {
      case 'start':
        yield choice(index, { role: 'assistant', content: '' });
        break;
      case 'text-delta':
        yield choice(index, { content: event.text });
        break;
      case 'end':
        total = sum(total, event.usage);
        yield choice(index, {}, event.reason);
        break;
      default:
        event satisfies never;
    }
  }
  if (includeUsage) yield chunk([], toUsage(total));
}

/** Names the configuration that answered: changes when the model or its context does. */
export function fingerprintOf({ id, created, contextLength }: ModelCard): string {
  return `fp_${createHash('sha256').update(`${id}\n${created}\n${contextLength}`).digest('hex').slice(0, 10)}`;
}

/** Several answers to one prompt: the prompt counts once. */
function sum(before: Usage | undefined, usage: Usage): Usage {
  if (before === undefined) return usage;
  return {
    promptTokens: usage.promptTokens,
    completionTokens: before.completionTokens + usage.completionTokens,
    cachedTokens: Math.max(before.cachedTokens, usage.cachedTokens),
  };
}

function toUsage(usage: Usage | undefined): CompletionUsage {
  const { promptTokens = 0, completionTokens = 0, cachedTokens = 0 } = usage ?? {};
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}
