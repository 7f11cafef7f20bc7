import type { RequestReport } from '@mcli/http-adapter';
import { errorCodeOf, requestIdOf } from '@mcli/http-adapter';
import type { RequestHandler } from 'express';
import type { Logger } from './logger.js';

/** Writes one line for a request that has ended: who, what, how long; never a key, a prompt or an answer. */
export function logRequest(logger: Logger, report: RequestReport): void {
  const { usage, error } = report;
  logger.log(levelOf(report.status, report.code), `${report.method} ${report.path} ${report.status}`, {
    code: report.code,
    auth_reason: report.authReason,
    duration_ms: Math.round(report.durationMs),
    first_token_ms: report.timeToFirstTokenMs === undefined ? undefined : Math.round(report.timeToFirstTokenMs),
    prompt_tokens: usage?.promptTokens,
    cached_tokens: usage?.cachedTokens,
    completion_tokens: usage?.completionTokens,
    streamed: report.streamed || undefined,
    cancelled: report.cancelled || undefined,
    model: report.model,
    key_id: report.principal?.id,
    ip: report.ip,
    request_id: report.requestId,
    cause: error === undefined ? undefined : causes(error),
  });
}

/** Codes of every start and every end: no failure of this server. */
const passing: ReadonlySet<string> = new Set(['loading', 'draining']);

/** A log of the requests that no router reports: refused before they reached one, or the basic server's. */
export interface AccessLog {
  readonly record: RequestHandler;
  /** For requests that are reported by others, and those that nobody wants to read about. */
  readonly leaveOut: RequestHandler;
}

/** Writes a line for each request, health checks left out unless the request itself was wrong. */
export function createAccessLog(logger: Logger): AccessLog {
  const leftOut = new WeakSet<object>();
  return {
    record: (request, response, next) => {
      const { method, path, ip } = request;
      const startedAt = performance.now();
      response.once('close', () => {
        const status = response.headersSent ? response.statusCode : 499;
        if (leftOut.has(response) || (healthPaths.has(path) && status !== 400)) return;
        const code = errorCodeOf(response);
        logger.log(levelOf(status, code), `${method} ${path} ${status}`, {
          code,
          duration_ms: Math.round(performance.now() - startedAt),
          cancelled: !response.writableFinished || undefined,
          ip,
          request_id: requestIdOf(response),
        });
      });
      next();
    },
    leaveOut: (_request, response, next) => {
      leftOut.add(response);
      next();
    },
  };
}

const healthPaths = new Set(['/health', '/livez', '/readyz']);

function levelOf(status: number, code: string | undefined): 'error' | 'warn' | 'info' {
  if (code !== undefined && passing.has(code)) return 'info';
  return status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
}

/** The messages of an error and of its causes, without stacks. */
function causes(error: unknown): string {
  const messages: string[] = [];
  let at: unknown = error;
  while (at instanceof Error && messages.length < 5) {
    messages.push(at.message);
    at = at.cause;
  }
  return messages.length ? messages.join(': ') : 'something that is no error was thrown';
}
