import type { RequestReport } from '@mcli/http-adapter';
import type { Logger } from './logger.js';

/** Writes one line for a request that has ended: who, what, how long; never a key, a prompt or an answer. */
export function logRequest(logger: Logger, report: RequestReport): void {
  const { usage, error } = report;
  const level = report.status >= 500 ? 'error' : report.status >= 400 ? 'warn' : 'info';
  logger.log(level, `${report.method} ${report.path} ${report.status}`, {
    request_id: report.requestId,
    ip: report.ip,
    key_id: report.principal?.id,
    model: report.model,
    code: report.code,
    auth_reason: report.authReason,
    duration_ms: Math.round(report.durationMs),
    first_token_ms: report.timeToFirstTokenMs === undefined ? undefined : Math.round(report.timeToFirstTokenMs),
    prompt_tokens: usage?.promptTokens,
    cached_tokens: usage?.cachedTokens,
    completion_tokens: usage?.completionTokens,
    streamed: report.streamed || undefined,
    cancelled: report.cancelled || undefined,
    cause: error === undefined ? undefined : causes(error),
  });
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
