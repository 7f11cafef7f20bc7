import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ServerSentEvent } from './endpoint.js';
import { requestIdOf } from './request-id.js';
import { unlessAborted } from './unless-aborted.js';

export interface EventStreamOptions {
  /** Silence after which a comment is sent, in milliseconds. The first one commits the status. */
  readonly keepAliveMs: number;
  /** Ends the stream where it is. */
  readonly signal: AbortSignal;
  /** Runs when the last event is out, before the stream is declared complete. */
  readonly beforeDone: () => Promise<void>;
}

/**
 * Sends events as they come, `[DONE]` after the last, and ends the response.
 *
 * (1) Nothing is sent before the first event, so that an early failure keeps its own status; (2) unless it
 * takes longer than `keepAliveMs`. (3) A slow reader is waited for.
 *
 * @throws what the events threw, or the signal's reason; `response.headersSent` tells whether the stream had begun
 */
export async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<ServerSentEvent>,
  { keepAliveMs, signal, beforeDone }: EventStreamOptions,
): Promise<void> {
  const write = async (text: string): Promise<void> => {
    begin(response);
    silence.refresh();
    if (!response.write(text) && !response.destroyed) await once(response, 'drain', { signal }); // (3)
  };
  const silence = setInterval(() => {
    if (response.destroyed) return;
    begin(response); // (2)
    if (!response.writableNeedDrain) response.write(': keep-alive\n\n');
  }, keepAliveMs);

  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal); // (1)
      if (next.done === true) break;
      await write(frame(next.value));
    }
    await beforeDone();
    await write('data: [DONE]\n\n');
    response.end();
  } finally {
    clearInterval(silence);
    // Not awaited: a source that is stuck must not keep the request open.
    iterator.return?.().catch(() => undefined);
  }
}

function begin(response: ServerResponse): void {
  if (response.headersSent) return;
  requestIdOf(response);
  response.statusCode = 200;
  response.setHeader('content-type', 'text/event-stream; charset=utf-8');
  response.setHeader('cache-control', 'no-store, no-transform');
  response.setHeader('x-accel-buffering', 'no');
  response.flushHeaders();
}

function frame({ event, data }: ServerSentEvent): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}
