import type OpenAI from 'openai';
import type { z } from 'zod';
import {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  type ErrorBody,
  type Model,
  ModelList,
} from './index.js';

/** Compiles only when every value of `Ours` is a value of `Theirs`. */
type Fits<Ours extends Theirs, Theirs> = [Ours, Theirs];

type Theirs = OpenAI.Chat.Completions.ChatCompletionCreateParams;

// What clients can send is accepted, and what we answer is what clients declare: checked by `typecheck`.
export type Checks = [
  Fits<Theirs, z.input<typeof ChatCompletionRequest>>,
  Fits<OpenAI.Chat.Completions.ChatCompletionMessageParam, z.input<typeof ChatCompletionRequest>['messages'][number]>,
  Fits<ChatCompletion, OpenAI.Chat.Completions.ChatCompletion>,
  Fits<ChatCompletionChunk, OpenAI.Chat.Completions.ChatCompletionChunk>,
  Fits<Model, OpenAI.Models.Model>,
  Fits<ErrorBody['error'], OpenAI.ErrorObject>,
  // The fields we know are fields that OpenAI knows, or our three extensions.
  Fits<keyof ChatCompletionRequest, keyof Theirs | 'stream' | 'top_k' | 'min_p' | 'repetition_penalty'>,
  // The fields that OpenAI knows are fields we know, but for those that only tell its own cache what to do.
  Fits<Exclude<keyof Theirs, 'prompt_cache_options'>, keyof ChatCompletionRequest>,
];

describe('The schemas beside the types of the openai package', () => {
  it('accept a request that uses every field the package declares', () => {
    const request: Theirs = {
      model: 'gpt-4o',
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'system', content: 'Be kind.', name: 'house' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }] },
        { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }] },
        { role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'add', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '3' },
        { role: 'function', name: 'add', content: '3' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      ],
      audio: { format: 'wav', voice: 'alloy' },
      frequency_penalty: 1,
      function_call: 'auto',
      functions: [{ name: 'add', parameters: {} }],
      logit_bias: { 17: -100 },
      logprobs: true,
      max_completion_tokens: 5,
      max_tokens: 5,
      metadata: { team: 'a' },
      modalities: ['text', 'audio'],
      n: 2,
      parallel_tool_calls: true,
      prediction: { type: 'content', content: 'x' },
      presence_penalty: -1,
      prompt_cache_key: 'k',
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } },
      safety_identifier: 's',
      seed: 7,
      service_tier: 'auto',
      stop: ['a', 'b'],
      store: false,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      tool_choice: { type: 'function', function: { name: 'add' } },
      tools: [{ type: 'function', function: { name: 'add' } }],
      top_logprobs: 3,
      top_p: 0.5,
      user: 'u',
      verbosity: 'low',
      web_search_options: {},
    };

    expect(ChatCompletionRequest.parse(request)).toEqual(request);
  });

  it('describe an answer, a chunk and a list that the package could have received', () => {
    const head = { id: 'chatcmpl-1', created: 1, model: 'm' };
    const choice = { index: 0, logprobs: null, finish_reason: 'stop' };

    expect(
      ChatCompletion.safeParse({
        ...head,
        object: 'chat.completion',
        choices: [{ ...choice, message: { role: 'assistant', content: 'Hi', refusal: null } }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }).success,
    ).toBe(true);
    expect(
      ChatCompletionChunk.safeParse({
        ...head,
        object: 'chat.completion.chunk',
        choices: [{ ...choice, delta: {}, finish_reason: null }],
      }).success,
    ).toBe(true);
    expect(
      ModelList.safeParse({ object: 'list', data: [{ id: 'a/b', object: 'model', created: 1, owned_by: 'mcli' }] })
        .success,
    ).toBe(true);
    expect(ModelList.safeParse({ object: 'list', data: [{ id: 'a/b' }] }).success).toBe(false);
  });
});
