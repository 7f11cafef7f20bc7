import { z } from 'zod';
import { identifier, text } from './fields.js';

const MAX_TOOL_CALLS = 128;
const MAX_ARGUMENTS = 256 * 1024;

/** A piece of text in a message's content. */
export const TextPart = z.object({ type: z.literal('text'), text: z.string() });
export type TextPart = z.infer<typeof TextPart>;

/** A refusal that the assistant gave before. */
export const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

/** A picture: a URL or base64 data. */
export const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string(), detail: z.enum(['auto', 'low', 'high']).nullish() }),
});

/** Recorded sound, base64. */
export const AudioPart = z.object({
  type: z.literal('input_audio'),
  input_audio: z.object({ data: z.string(), format: z.enum(['wav', 'mp3']) }),
});

/** A file, by id or base64. */
export const FilePart = z.object({
  type: z.literal('file'),
  file: z.object({
    file_data: z.string().nullish(),
    file_id: z.string().nullish(),
    filename: z.string().nullish(),
  }),
});

/** One part of a message's content. Which kinds a model takes is for the server to say. */
export const ContentPart = z.discriminatedUnion('type', [TextPart, ImagePart, AudioPart, FilePart, RefusalPart]);
export type ContentPart = z.infer<typeof ContentPart>;

/** What was said: a string, or parts. How many is for the limit of the body to say; none are an empty text. */
export const MessageContent = z.union([z.string(), z.array(ContentPart)]);
export type MessageContent = z.infer<typeof MessageContent>;

const FunctionCall = z.object({ name: text(256), arguments: text(MAX_ARGUMENTS) });

/** A call that the assistant made before. `arguments` is JSON text. */
export const ToolCall = z.discriminatedUnion('type', [
  z.object({ id: text(256).min(1), type: z.literal('function'), function: FunctionCall }),
  z.object({
    id: text(256).min(1),
    type: z.literal('custom'),
    custom: z.object({ name: text(256), input: text(MAX_ARGUMENTS) }),
  }),
]);
export type ToolCall = z.infer<typeof ToolCall>;

const instruction = { content: MessageContent, name: identifier.nullish() };

const AssistantMessage = z
  .object({
    role: z.literal('assistant'),
    content: MessageContent.nullish(),
    name: identifier.nullish(),
    refusal: z.string().nullish(),
    tool_calls: z.array(ToolCall).max(MAX_TOOL_CALLS).nullish(),
    function_call: FunctionCall.nullish(),
    audio: z.object({ id: text(256) }).nullish(),
  })
  .superRefine(({ content, refusal, tool_calls, function_call, audio }, context) => {
    if ((content ?? refusal ?? tool_calls ?? function_call ?? audio ?? undefined) === undefined) {
      context.addIssue({ code: 'custom', path: ['content'], message: 'this field is required unless there are calls' });
    }
  });

/** One message of a conversation, by its role. */
export const ChatMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('developer'), ...instruction }),
  z.object({ role: z.literal('system'), ...instruction }),
  z.object({ role: z.literal('user'), ...instruction }),
  AssistantMessage,
  z.object({ role: z.literal('tool'), content: MessageContent, tool_call_id: text(256) }),
  z.object({ role: z.literal('function'), content: z.string().nullable(), name: identifier }),
]);
export type ChatMessage = z.infer<typeof ChatMessage>;

/** A conversation: 1 to 2048 messages, where a tool's answer names a call that was made before it. */
export const ChatMessages = z
  .array(ChatMessage)
  .min(1)
  .max(2048)
  .superRefine((messages, context) => {
    const calls = new Set<string>();
    for (const [index, message] of messages.entries()) {
      if (message.role === 'assistant') for (const call of message.tool_calls ?? []) calls.add(call.id);
      if (message.role === 'tool' && !calls.has(message.tool_call_id)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'tool_call_id'],
          message: 'no earlier assistant message has a tool call with this id',
        });
      }
    }
  });
