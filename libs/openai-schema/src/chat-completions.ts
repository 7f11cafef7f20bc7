import { z } from 'zod';
import { ChatMessages } from './chat-messages.js';
import { FunctionDefinition, ResponseFormat, Tools, ToolChoice } from './chat-tools.js';
import { identifier, integerFrom, numberFrom, text, tokenLimit } from './fields.js';
import { ModelId } from './models.js';
import { CompletionUsage } from './usage.js';

const MAX_BIASES = 1024;
const TOKEN_ID = /^(?:0|[1-9]\d{0,9})$/;

/** Texts that end the answer: one, or up to 16, each of 1 to 256 characters. An empty list is as good as none. */
export const Stop = z.union([text(256).min(1), z.array(text(256).min(1)).max(16)]);

/** Token id → what is added to its logit, -100 to 100. At most 1024 entries. */
export const LogitBias = z
  .record(z.string().regex(TOKEN_ID, 'expected a token id'), numberFrom(-100, 100))
  .refine((biases) => Object.keys(biases).length <= MAX_BIASES, `expected at most ${MAX_BIASES} entries`);

/** Up to 16 labels. */
export const Metadata = z
  .record(text(64), text(512))
  .refine((labels) => Object.keys(labels).length <= 16, 'expected at most 16 entries');

export const StreamOptions = z.object({
  include_usage: z.boolean().nullish(),
  include_obfuscation: z.boolean().nullish(),
});

/**
 * The body of `POST /chat/completions`.
 *
 * Every field that OpenAI documents has a place here, also those that a server may not be able to
 * follow. `null` is as good as absent in optional fields. Fields that are not listed are dropped;
 * `parseRequest` names them.
 */
export const ChatCompletionRequest = z.object({
  model: ModelId,
  messages: ChatMessages,

  /** -1 is as good as absent. */
  max_completion_tokens: tokenLimit.nullish(),
  /** The older name of `max_completion_tokens`. */
  max_tokens: tokenLimit.nullish(),
  stop: Stop.nullish(),
  n: integerFrom(1, 8).nullish(),

  temperature: numberFrom(0, 2).nullish(),
  top_p: numberFrom(0, 1).nullish(),
  frequency_penalty: numberFrom(-2, 2).nullish(),
  presence_penalty: numberFrom(-2, 2).nullish(),
  logit_bias: LogitBias.nullish(),
  seed: integerFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).nullish(),
  /** Not OpenAI's: keeps the k likeliest tokens, 0 and -1 keep all. */
  top_k: integerFrom(-1, 1_000_000).nullish(),
  /** Not OpenAI's: keeps tokens at least this likely compared with the likeliest. */
  min_p: numberFrom(0, 1).nullish(),
  /** Not OpenAI's: divides the logits of tokens seen before. 1 is off. */
  repetition_penalty: numberFrom(0.01, 10).nullish(),

  stream: z.boolean().nullish(),
  stream_options: StreamOptions.nullish(),

  logprobs: z.boolean().nullish(),
  top_logprobs: integerFrom(0, 20).nullish(),
  response_format: ResponseFormat.nullish(),
  tools: Tools.nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  /** The older form of `tools`. */
  functions: z.array(FunctionDefinition).max(128).nullish(),
  /** The older form of `tool_choice`. */
  function_call: z.union([z.enum(['none', 'auto']), z.object({ name: identifier })]).nullish(),
  modalities: z
    .array(z.enum(['text', 'audio']))
    .max(8)
    .nullish(),
  audio: z.unknown().optional(),
  prediction: z.unknown().optional(),
  web_search_options: z.unknown().optional(),
  moderation: z.unknown().optional(),

  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
  service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast']).nullish(),
  store: z.boolean().nullish(),
  metadata: Metadata.nullish(),
  user: text(64).nullish(),
  safety_identifier: text(64).nullish(),
  prompt_cache_key: text(64).nullish(),
  prompt_cache_retention: text(64).nullish(),
});
export type ChatCompletionRequest = z.infer<typeof ChatCompletionRequest>;

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']);

/** The answer to a chat completion that was not streamed. */
export const ChatCompletion = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  /** Unix seconds. */
  created: z.number().int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.number().int(),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.string().nullable(),
      }),
      logprobs: z.null(),
      finish_reason: finishReason,
    }),
  ),
  usage: CompletionUsage,
  system_fingerprint: z.string().optional(),
});
export type ChatCompletion = z.infer<typeof ChatCompletion>;

/** One event of a streamed chat completion. */
export const ChatCompletionChunk = z.object({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  /** Unix seconds; the same in all chunks of an answer. */
  created: z.number().int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.number().int(),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: z.null(),
      /** Not null in the last chunk of a choice. */
      finish_reason: finishReason.nullable(),
    }),
  ),
  /** Set in the last chunk alone, and only on request; `null` in the others then. */
  usage: CompletionUsage.nullish(),
  system_fingerprint: z.string().optional(),
});
export type ChatCompletionChunk = z.infer<typeof ChatCompletionChunk>;
