import { z } from 'zod';

/** A model's name: 1 to 256 characters without control characters. It is looked up, never used as a path. */
export const ModelId = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}*$/u, 'expected no control characters');

/** One entry of `GET /models`. */
export const Model = z.object({
  id: z.string(),
  object: z.literal('model'),
  /** When the model's files were made, in Unix seconds. */
  created: z.number().int(),
  owned_by: z.string(),
  /** Not OpenAI's: tokens that prompt and answer can have together. */
  context_length: z.number().int().optional(),
  /** Not OpenAI's: what runs it, such as `onnx` (ONNX Runtime) or `llama.cpp`. */
  engine: z.string().optional(),
  /**
   * Not OpenAI's: `ready` answers at once, `loading` soon, `available` once somebody asks for it, `degraded` is one
   * whose engine broke and is tried again.
   */
  status: z.enum(['ready', 'loading', 'available', 'degraded']).optional(),
});
export type Model = z.infer<typeof Model>;

/** The answer of `GET /models`. */
export const ModelList = z.object({ object: z.literal('list'), data: z.array(Model) });
export type ModelList = z.infer<typeof ModelList>;
