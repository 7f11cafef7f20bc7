import type { z } from 'zod';
import { firstProblem, type RequestProblem } from './request-problem.js';
import { unknownFields } from './unknown-fields.js';

/** A schema whose output is `Body`. */
export type RequestSchema<Body> = z.ZodType<Body>;

export type ParsedRequest<Body> =
  | {
      readonly ok: true;
      readonly body: Body;
      /** Paths of the fields that the schema doesn't know: `best_of`, `messages[0].prefix`. At most 32. */
      readonly unknown: readonly string[];
    }
  | { readonly ok: false; readonly problem: RequestProblem };

/** Checks a request. What is wrong with it is a result, not an exception. */
export function parseRequest<Body>(schema: RequestSchema<Body>, value: unknown): ParsedRequest<Body> {
  const parsed = schema.safeParse(value, {
    error: (issue) => (issue.input === undefined && issue.code !== 'custom' ? 'this field is required' : undefined),
  });
  if (!parsed.success) return { ok: false, problem: firstProblem(parsed.error) };
  return { ok: true, body: parsed.data, unknown: unknownFields(value, parsed.data) };
}
