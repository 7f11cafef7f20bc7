import type { ChatMessage, GenerateRequest, ModelCard, SamplingOptions } from '@mcli/inference';
import type { ChatCompletionRequest, MessageContent, ToolCall } from '@mcli/openai-schema';
import type { RequestContext } from '../endpoint.js';

interface Generation {
  readonly card: ModelCard;
  /** Which of the answers to this request. */
  readonly index: number;
  readonly context: RequestContext;
}

/** OpenAI's words → our words. */
export function toGenerateRequest(body: ChatCompletionRequest, { card, index, context }: Generation): GenerateRequest {
  const { stop } = body;
  return {
    model: card.id,
    prompt: body.messages.map(toMessage),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    sampling: toSampling(body, card, index),
    cacheScope: context.principal.rootId,
    signal: context.signal,
  };
}

/** Length of all text in a conversation, in characters. */
export function promptLength({ messages }: ChatCompletionRequest): number {
  return messages.reduce((total, message) => total + toMessage(message).content.length, 0);
}

/**
 * The sampling that the request names; `undefined` when it names none, so that the model's own
 * recommendation counts. A seed alone chooses no sampling.
 */
function toSampling(body: ChatCompletionRequest, card: ModelCard, index: number): SamplingOptions | undefined {
  const named = withoutGaps({
    logitBias: body.logit_bias,
    repetitionPenalty: body.repetition_penalty,
    frequencyPenalty: body.frequency_penalty,
    presencePenalty: body.presence_penalty,
    temperature: body.temperature,
    topK: body.top_k === -1 ? 0 : body.top_k,
    topP: body.top_p,
    minP: body.min_p,
  });
  const isNamed = Object.keys(named).length > 0;
  // Answers to one request differ, and are the same ones the next time.
  if (typeof body.seed === 'number')
    return { ...(isNamed ? named : card.recommendedSampling), seed: body.seed + index };
  return isNamed ? named : undefined;
}

function toMessage(message: ChatCompletionRequest['messages'][number]): ChatMessage {
  switch (message.role) {
    case 'developer':
    case 'system':
      return { role: 'system', ...toParts(message.content, message.name) };
    case 'user':
      return { role: 'user', ...toParts(message.content, message.name) };
    case 'assistant': {
      // The template knows no calls: they stay in the conversation as the text that they were.
      const calls = [
        ...(message.tool_calls ?? []).map(callText),
        ...(message.function_call ? [callText({ id: '', type: 'function', function: message.function_call })] : []),
      ];
      const content = [toText(message.content ?? message.refusal ?? ''), ...calls].filter((text) => text !== '');
      return { role: 'assistant', ...toParts(content.join('\n'), message.name) };
    }
    case 'tool':
      return { role: 'tool', ...toParts(message.content, null) };
    case 'function':
      return { role: 'tool', ...toParts(message.content ?? '', message.name) };
  }
}

function toParts(content: MessageContent, name: string | null | undefined): Omit<ChatMessage, 'role'> {
  const text = wellFormed(toText(content));
  return typeof name === 'string' ? { content: text, name } : { content: text };
}

function toText(content: MessageContent): string {
  if (typeof content === 'string') return content;
  return content
    .flatMap((part) => (part.type === 'text' ? [part.text] : part.type === 'refusal' ? [part.refusal] : []))
    .join('\n');
}

function callText(call: ToolCall): string {
  return call.type === 'function'
    ? `{"name": ${JSON.stringify(call.function.name)}, "arguments": ${call.function.arguments}}`
    : `{"name": ${JSON.stringify(call.custom.name)}, "input": ${JSON.stringify(call.custom.input)}}`;
}

/** Half of a surrogate pair, which JSON can spell and UTF-8 can't, becomes U+FFFD. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** The same without fields that are absent. */
function withoutGaps(options: { [Name in keyof SamplingOptions]: SamplingOptions[Name] | null }): SamplingOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}
