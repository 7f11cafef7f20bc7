import { z } from 'zod';
import { identifier, text } from './fields.js';

/** A JSON Schema. Its own size and depth are for whoever compiles it to check. */
const JsonSchema = z.record(z.string(), z.unknown());

/** A function that the model may call. */
export const FunctionDefinition = z.object({
  name: identifier,
  description: text(4096).nullish(),
  parameters: JsonSchema.nullish(),
  strict: z.boolean().nullish(),
});

/** Something that the model may call. */
export const Tool = z.discriminatedUnion('type', [
  z.object({ type: z.literal('function'), function: FunctionDefinition }),
  z.object({
    type: z.literal('custom'),
    custom: z.object({ name: identifier, description: text(4096).nullish(), format: z.unknown().optional() }),
  }),
]);
export type Tool = z.infer<typeof Tool>;

/** At most 128 tools, each name once. */
export const Tools = z
  .array(Tool)
  .max(128)
  .superRefine((tools, context) => {
    const names = new Set<string>();
    for (const [index, tool] of tools.entries()) {
      const { name } = tool.type === 'function' ? tool.function : tool.custom;
      if (names.has(name)) {
        context.addIssue({ code: 'custom', path: [index, tool.type, 'name'], message: 'another tool has this name' });
      }
      names.add(name);
    }
  });

const Named = z.object({ name: identifier });

/** Whether and which tool must be called. */
export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('function'), function: Named }),
    z.object({ type: z.literal('custom'), custom: Named }),
    z.object({
      type: z.literal('allowed_tools'),
      allowed_tools: z.object({ mode: z.enum(['auto', 'required']), tools: z.array(JsonSchema).max(128) }),
    }),
  ]),
]);
export type ToolChoice = z.infer<typeof ToolChoice>;

/** The form that the answer must have. */
export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: identifier,
      description: text(4096).nullish(),
      schema: JsonSchema.nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);
export type ResponseFormat = z.infer<typeof ResponseFormat>;
