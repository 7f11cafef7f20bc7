import type { ServerResponse } from 'node:http';
import { requestIdOf } from './request-id.js';

/** Sends a whole JSON reply that no cache keeps. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  requestIdOf(response);
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', bytes.length);
  response.setHeader('cache-control', 'no-store');
  response.end(bytes);
}
