import type { Router } from 'express';
import express from 'express';

/** Whether the server can answer, and if not, why. */
export type Readiness =
  | { readonly status: 'ready' }
  | { readonly status: 'loading' | 'draining' | 'degraded'; readonly reasons: readonly string[] };

/** `/livez`, `/readyz` and `/health`: no key, no rate limit, nothing that waits for the engine. */
export function createHealthRouter(readiness: () => Readiness): Router {
  const router = express.Router();
  router.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  for (const [path, word] of [
    ['/readyz', 'ready'],
    ['/health', 'ok'],
  ] as const) {
    router.get(path, (_request, response) => {
      const now = readiness();
      if (now.status === 'ready') return void response.json({ status: word });
      response.status(503).set('retry-after', '1').json(now);
    });
  }
  return router;
}
