import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { echoBackend } from '@mcli/inference/testing';
import express from 'express';
import { allowAnyone, createOpenAIRouter, type OpenAIRouterOptions, type RequestReport } from '../index.js';

const running = new Set<Server>();

/** A router on a free loopback port, in front of a backend that repeats what it is told. */
export interface Serving {
  /** Ends in `/v1`. */
  readonly url: string;
  /** What `onFinish` got so far. */
  readonly reports: readonly RequestReport[];
  /** The report of the nth request, once it is there. */
  report(index: number): Promise<RequestReport>;
}

export async function serve(options: Partial<OpenAIRouterOptions> = {}, app = express()): Promise<Serving> {
  const reports: RequestReport[] = [];
  const onFinish = (report: RequestReport): void => void reports.push(report);
  app.use('/v1', createOpenAIRouter({ backend: echoBackend(), authenticate: allowAnyone, onFinish, ...options }));
  const server = createServer(app).listen(0, '127.0.0.1');
  running.add(server);
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    reports,
    async report(index) {
      for (;;) {
        const found = reports[index];
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
}

/** Stops everything that `serve` started. */
export async function stopServing(): Promise<void> {
  for (const server of running) {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
  running.clear();
}

/** A chat request with one user message. */
export function aChat(content: string, fields: object = {}): object {
  return { model: 'echo', messages: [{ role: 'user', content }], ...fields };
}
