import { Writable } from 'node:stream';
import { KeyManager } from '@mcli/auth-keys';
import { echoBackend } from '@mcli/inference/testing';
import type { Express } from 'express';
import { readConfig } from '../config.js';
import { createApp } from '../create-app.js';
import type { Readiness } from '../health.js';
import { createLogger } from '../logger.js';

export interface TestApp {
  readonly app: Express;
  /** A key that the app accepts. */
  readonly key: string;
  /** What was logged so far. */
  readonly log: () => string;
}

/** The whole app over a backend that echoes, with keys in memory. */
export async function anApp(
  options: { readonly flags?: object; readonly readiness?: Readiness; readonly basic?: boolean } = {},
): Promise<TestApp> {
  const keys = new KeyManager();
  const { key } = await keys.create({ name: 'test' });
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const app = createApp({
    config: readConfig({ 'openai-compatible': !options.basic, ...options.flags }, { MCLI_HOME: '/nowhere' }),
    backend: echoBackend(),
    authentication: options.basic ? undefined : { verifier: keys },
    logger: createLogger({ format: 'pretty', stream }),
    readiness: () => options.readiness ?? { status: 'ready' },
  });
  return { app, key, log: () => written };
}
