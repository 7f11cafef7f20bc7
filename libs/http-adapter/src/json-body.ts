import express, { type Request, type Response } from 'express';
import { promisify } from 'node:util';
import { ApiError } from './api-error.js';
import { checkJson, isDeeperThan, MAX_JSON_DEPTH } from './json-limits.js';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a request's body as JSON; `undefined` when there is none. @throws ApiError what is wrong with it */
export type ReadBody = (request: Request, response: Response) => Promise<unknown>;

/**
 * A reader for bodies of at most `limit` bytes, counted after decompression. A body that an app in front
 * has already parsed is taken as it is.
 */
export function createBodyReader(limit: number): ReadBody {
  const readBytes = promisify(express.raw({ type: () => true, limit }));
  return async (request, response) => {
    if (request.body === undefined) {
      if (!hasBody(request)) return undefined;
      checkType(request.headers['content-type'] ?? '');
      await readBytes(request, response);
    }
    const body: unknown = request.body;
    const value = Buffer.isBuffer(body) ? parseJson(body) : typeof body === 'string' ? parseText(body) : body;
    checkJson(value);
    return value;
  };
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function checkType(type: string): void {
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  if (JSON_TYPE.test(type) && ['utf-8', 'utf8', 'us-ascii'].includes(charset)) return;
  throw new ApiError(
    'unsupported_media_type',
    "The body must be JSON in UTF-8. Send it with the header 'content-type: application/json'.",
  );
}

function parseJson(bytes: Buffer): unknown {
  if (isDeeperThan(bytes, MAX_JSON_DEPTH)) {
    throw new ApiError('invalid_value', `The body is nested more than ${MAX_JSON_DEPTH} levels deep.`);
  }
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ApiError('invalid_json', 'The body is not valid JSON in UTF-8.');
  }
}

function parseText(text: string): unknown {
  return parseJson(Buffer.from(text));
}
