import { z } from 'zod';

/** A string of at most `max` characters. */
export const text = (max: number) => z.string().max(max);

/** A name of a tool, function or participant: what chat templates and clients can hold without quoting. */
export const identifier = z.string().regex(/^[\w-]{1,64}$/, 'expected 1 to 64 letters, digits, "_" or "-"');

/** A finite number from `min` to `max`, both included. */
export const numberFrom = (min: number, max: number) => z.number().min(min).max(max);

/** A whole number from `min` to `max`, both included. */
export const integerFrom = (min: number, max: number) => z.number().int().min(min).max(max);

/** How many tokens at most, from 1. -1 is what many clients send for "no limit": as good as absent. */
export const tokenLimit = integerFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  .refine((limit) => limit === -1 || limit >= 1, 'expected at least 1, or -1 for no limit')
  .transform((limit) => (limit === -1 ? undefined : limit));
