import type { ChatCompletionRequest } from '@mcli/openai-schema';
import { ApiError } from '../api-error.js';

/** Fields of other servers that can't be followed here and can't be left out without changing what is meant. */
export const refusedFields = [
  'chat_template',
  'documents',
  'grammar',
  'guided_choice',
  'guided_grammar',
  'guided_json',
  'guided_regex',
  'structured_outputs',
];

/**
 * Refuses what can't be followed and can't be left out without changing what the request means.
 *
 * @throws ApiError `unsupported`, or `invalid_value` for fields that contradict each other
 */
export function refuseUnsupported(body: ChatCompletionRequest): void {
  refuseOtherMedia(body);
  const { tools, tool_choice, functions, function_call, response_format } = body;
  if (tools?.length && tool_choice !== 'none') throw unsupported('tools');
  if (tool_choice === 'required' || typeof (tool_choice ?? '') === 'object') throw unsupported('tool_choice');
  if (functions?.length && function_call !== 'none') throw unsupported('functions');
  if (typeof (function_call ?? '') === 'object') throw unsupported('function_call');
  if (response_format && response_format.type !== 'text') throw unsupported('response_format');
  if (body.logprobs === true) throw unsupported('logprobs');
  if (body.top_logprobs) throw contradiction('top_logprobs', "it needs 'logprobs' to be true");
  if (isPresent(body.web_search_options)) throw unsupported('web_search_options');
  if (isPresent(body.moderation)) throw unsupported('moderation');
  const { max_tokens, max_completion_tokens } = body;
  if (isPresent(max_tokens) && isPresent(max_completion_tokens) && max_tokens !== max_completion_tokens) {
    throw contradiction('max_tokens', "it differs from 'max_completion_tokens'");
  }
}

/** Fields that are understood and have no effect here. */
export function ignoredFields(body: ChatCompletionRequest): readonly string[] {
  const { service_tier, reasoning_effort } = body;
  const ignored = {
    store: body.store === true,
    stream_options: isPresent(body.stream_options) && body.stream !== true,
    metadata: isPresent(body.metadata),
    prediction: isPresent(body.prediction),
    audio: isPresent(body.audio),
    reasoning_effort: isPresent(reasoning_effort) && reasoning_effort !== 'none',
    verbosity: isPresent(body.verbosity),
    service_tier: isPresent(service_tier) && service_tier !== 'auto' && service_tier !== 'default',
    prompt_cache_retention: isPresent(body.prompt_cache_retention),
  };
  return Object.entries(ignored).flatMap(([name, isIgnored]) => (isIgnored ? [name] : []));
}

function refuseOtherMedia({ messages, modalities }: ChatCompletionRequest): void {
  for (const [index, message] of messages.entries()) {
    const parts = Array.isArray(message.content) ? message.content : [];
    const other = parts.findIndex(({ type }) => type !== 'text' && type !== 'refusal');
    if (other !== -1) throw unsupported(`messages[${index}].content[${other}]`, 'This model reads text only');
    if (message.role === 'assistant' && isPresent(message.audio)) throw unsupported(`messages[${index}].audio`);
  }
  if (modalities?.includes('audio')) throw unsupported('modalities', 'This model writes text only');
}

function unsupported(param: string, reason = 'Leave it out'): ApiError {
  return new ApiError('unsupported', `'${param}' is not supported by this server. ${reason}.`, { param });
}

function contradiction(param: string, reason: string): ApiError {
  return new ApiError('invalid_value', `Invalid value for '${param}': ${reason}.`, { param });
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
