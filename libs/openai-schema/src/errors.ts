import { z } from 'zod';

/** What every reply with a status of 400 or more holds, and the last event of a stream that failed. */
export const ErrorBody = z.object({
  error: z.object({
    message: z.string().min(1),
    type: z.string(),
    /** The field that is wrong, as a path from the body's root: `messages[0].role`. */
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
export type ErrorBody = z.infer<typeof ErrorBody>;
