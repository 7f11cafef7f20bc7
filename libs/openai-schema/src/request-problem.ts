import { z } from 'zod';
import { fieldPath } from './field-path.js';

/** Why a request was refused, in the words of an error reply. */
export interface RequestProblem {
  /** The field, as a path from the body's root; `null` when it is the body itself. */
  readonly param: string | null;
  readonly message: string;
}

/** Tells a zod error, of this or another copy of zod, from other errors. */
export function isSchemaError(error: unknown): error is z.core.$ZodError {
  return (
    error instanceof z.core.$ZodError ||
    (error instanceof Error && error.name === 'ZodError' && 'issues' in error && Array.isArray(error.issues))
  );
}

/** The first problem of a failed parse. Never holds a value of the request. */
export function firstProblem(error: z.core.$ZodError): RequestProblem {
  const [first] = error.issues;
  if (first === undefined) return { param: null, message: 'The request is not valid.' };
  const { path, message } = deepest(first);
  const param = fieldPath(path);
  const reason = message.replace(/^Invalid input: /, '').replace(/\.?$/, '.');
  return param === ''
    ? { param: null, message: `Invalid request: ${reason}` }
    : { param, message: `Invalid value for '${param}': ${reason}` };
}

/**
 * Of the alternatives of a union, the one that came nearest says what is wrong: where it got furthest, else where
 * the kind of value was right.
 */
function deepest(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string } {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flatMap(([first]) => (first === undefined ? [] : [deepest(first)]))
    .sort((a, b) => b.path.length - a.path.length)[0];
  if (inner === undefined || inner.path.length === 0) return { path: issue.path, message: reasonOf(issue) };
  return { path: [...issue.path, ...inner.path], message: inner.message };
}

function reasonOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const firsts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const nearest = firsts.find(({ code }) => code !== 'invalid_type');
  if (nearest !== undefined) return deepest(nearest).message;
  const kinds = firsts.flatMap((first) => (first.code === 'invalid_type' ? [first.expected] : []));
  return kinds.length > 1 ? `expected ${kinds.join(' or ')}` : issue.message;
}
