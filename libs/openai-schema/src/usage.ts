import { z } from 'zod';

/** Tokens read and written. */
export const CompletionUsage = z.object({
  prompt_tokens: z.number().int(),
  completion_tokens: z.number().int(),
  total_tokens: z.number().int(),
  prompt_tokens_details: z.object({ cached_tokens: z.number().int() }).optional(),
});
export type CompletionUsage = z.infer<typeof CompletionUsage>;
