import { ApiError } from './api-error.js';

/** Levels of arrays and objects. Deeper values overflow the stack of code that walks them. */
export const MAX_JSON_DEPTH = 64;
const MAX_TOP_LEVEL_KEYS = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** Whether JSON text nests deeper than `limit`. Reads each byte once and builds nothing. */
export function isDeeperThan(json: Buffer, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) at = endOfString(json, at + 1);
    else if (OPEN.has(byte)) depth += 1;
    else if (CLOSE.has(byte)) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

function endOfString(json: Buffer, start: number): number {
  for (let from = start; ;) {
    const quote = json.indexOf(QUOTE, from);
    if (quote === -1) return json.length;
    let backslashes = 0;
    while (quote - backslashes > start && json[quote - backslashes - 1] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

/**
 * Refuses values that JSON can hold and code trips over: numbers that became infinite, keys that reach
 * for prototypes, very many keys, very deep nesting.
 *
 * @throws ApiError `invalid_value`
 */
export function checkJson(value: unknown): void {
  if (isObject(value) && Object.keys(value).length > MAX_TOP_LEVEL_KEYS) {
    throw new ApiError('invalid_value', `The body has more than ${MAX_TOP_LEVEL_KEYS} fields.`);
  }
  check(value, 1);
}

function check(value: unknown, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ApiError('invalid_value', 'The body has a number that is too large.');
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_JSON_DEPTH) {
    throw new ApiError('invalid_value', `The body is nested more than ${MAX_JSON_DEPTH} levels deep.`);
  }
  if (Array.isArray(value)) {
    for (const item of value) check(item, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__' || (key === 'constructor' && isObject(item) && Object.hasOwn(item, 'prototype'))) {
      throw new ApiError('invalid_value', 'The body has a field with a name that is not allowed.');
    }
    check(item, depth + 1);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
