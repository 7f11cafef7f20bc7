import express, { type Router } from 'express';
import { endpoints } from './endpoints/index.js';
import { createBodyReader } from './json-body.js';
import { type OpenAIRouterOptions, resolveOptions } from './router-options.js';
import { serveRequest } from './serve-request.js';

/**
 * The OpenAI API as an Express router. Mount it where clients expect it: `app.use('/v1', createOpenAIRouter(…))`.
 *
 * It answers everything below that path, unknown addresses included: routes of your own go before it. It
 * needs no body parser in front.
 *
 * @throws TypeError an option is missing or can't be right
 */
export function createOpenAIRouter(options: OpenAIRouterOptions): Router {
  const resolved = resolveOptions(options);
  const readBody = createBodyReader(resolved.bodyLimit);
  const router = express.Router();
  router.use((request, response) => serveRequest(request, response, { endpoints, readBody, options: resolved }));
  return router;
}
