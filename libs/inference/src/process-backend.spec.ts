import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import type { GenerateRequest, GenerationEvent } from './contract.js';
import { InferenceError } from './errors.js';
import {
  createProcessBackend,
  type ProcessBackend,
  type ProcessBackendEvent,
  type ProcessBackendOptions,
} from './process-backend.js';
import { backendContract } from './testing/index.js';

jest.setTimeout(60_000);

const tests = new URL('../tests/', import.meta.url);
const runTypeScript = ['--import', new URL('run-typescript.mjs', tests).href];
const backends: ProcessBackend[] = [];

afterEach(async () => {
  await Promise.all(backends.splice(0).map((backend) => backend.close()));
});

describe('createProcessBackend', () => {
  describe('keeps the contract', () => {
    backendContract({ it, expect }, async () => {
      const backend = start();
      await backend.ready();
      return backend;
    });
  });

  it('runs an engine in another process', async () => {
    const events: ProcessBackendEvent[] = [];
    const backend = start({ onEvent: (event) => events.push(event) });
    expect(backend.status()).toBe('loading');
    await expect(backend.models()).rejects.toMatchObject({ code: 'loading', details: { retryAfter: 10 } });
    await expect(textOf(backend, 'early')).rejects.toMatchObject({ code: 'loading' });
    await backend.ready();

    expect(backend.status()).toBe('ready');
    expect(backend.pid).not.toBe(process.pid);
    expect(await backend.models()).toMatchObject([{ id: 'fake', contextLength: 4096, status: 'ready' }]);
    expect(await textOf(backend, 'Grüße 👋')).toBe('Grüße 👋');
    expect(await Promise.all(['one', 'two', 'three'].map((text) => textOf(backend, text)))).toEqual([
      'one',
      'two',
      'three',
    ]);
    expect(await backend.stats()).toMatchObject({ running: 0, waiting: 0, slots: 4 });
    expect(events.map(({ type }) => type)).toEqual(['starting', 'progress', 'report', 'ready']);
    expect(events[1]).toEqual({ type: 'progress', value: { step: 'loading' } });
  });

  it('passes on what the child warns of, before it is ready', async () => {
    const events: ProcessBackendEvent[] = [];
    const backend = start({ arguments: { warning: 'Grüße: –' }, onEvent: (event) => events.push(event) });
    await backend.ready();

    expect(events.map(({ type }) => type)).toEqual(['starting', 'progress', 'warning', 'report', 'ready']);
    expect(events[2]).toEqual({ type: 'warning', message: 'Grüße: –' });
  });

  it('says of a start what the last load took, of a build what is left, and of a restart what the start took', async () => {
    const known = start({ lastLoadMs: 33_000 });
    await expect(known.models()).rejects.toMatchObject({ code: 'loading', details: { retryAfter: 33 } });

    const loads: { durationMs: number; loadMs: number }[] = [];
    const during: Promise<unknown>[] = [];
    const building: ProcessBackend = start({
      arguments: { buildMs: 300 },
      lastLoadMs: 33_000,
      restartDelayMs: 40_000,
      maxRestartDelayMs: 40_000,
      preparationOf: (progress) => {
        const { step, leftMs } = progress as { step: string; leftMs?: number };
        return step === 'building' ? { leftMs } : undefined;
      },
      onEvent: (event) => {
        if (event.type === 'ready') loads.push(event);
        if (event.type === 'progress') {
          during.push(retryAfterOf(building));
        }
      },
    });
    await building.ready();
    const [load] = loads;
    if (!load) throw new Error('No event says that it is ready.');
    const [starting, ...rest] = await Promise.all(during);
    expect(starting).toBeGreaterThan(10);
    expect(rest).toEqual([10, 93, 33]);
    expect(load.durationMs - load.loadMs).toBeGreaterThan(200);

    process.kill(building.pid ?? 0, 'SIGKILL');
    await until(async () => building.status() === 'restarting');
    const wait = await retryAfterOf(building);
    expect(wait).toBeGreaterThan(20);
    expect(wait).toBeLessThanOrEqual(Math.ceil(40 + load.loadMs / 1_000));
  });

  it('passes on neither the debugger nor the test runner, but its own environment', async () => {
    const events: ProcessBackendEvent[] = [];
    const NODE_OPTIONS = '--experimental-vm-modules --inspect=0 --no-deprecation';
    const backend = start({ env: { NODE_OPTIONS, OWN: 'yes' }, onEvent: (event) => events.push(event) });
    await backend.ready();

    expect(events.find(({ type }) => type === 'report')).toEqual({
      type: 'report',
      value: { flags: runTypeScript, options: '--no-deprecation', own: 'yes' },
    });
  });

  it('gives errors of the child their code and details again', async () => {
    const backend = start();
    await backend.ready();

    await expect(textOf(backend, 'x'.repeat(5000))).rejects.toMatchObject({
      name: 'InferenceError',
      code: 'context_length_exceeded',
      details: { contextLength: 4096, promptTokens: 5003 },
    });
    await expect(textOf(backend, 'Hi', { model: 'other' })).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it('cancels by signal and by leaving the loop', async () => {
    const backend = start({ arguments: { delayMs: 20 } });
    await backend.ready();
    const controller = new AbortController();
    const texts: string[] = [];
    const cancelled = (async () => {
      for await (const event of backend.generate(ask('a long text', { signal: controller.signal }))) {
        texts.push(event.type);
        if (event.type === 'text-delta') controller.abort(new Error('enough'));
      }
    })();
    await expect(cancelled).rejects.toThrow('enough');
    expect(texts).toEqual(['start', 'text-delta']);
    for await (const event of backend.generate(ask('another long text'))) if (event.type === 'text-delta') break;

    await until(async () => (await backend.stats())?.running === 0);
    expect((await backend.stats())?.generatedTokens).toBeLessThan(10);
  });

  it('fails what runs at once when the child is killed, and serves again after a restart', async () => {
    const events: ProcessBackendEvent[] = [];
    const backend = start({ arguments: { delayMs: 20 }, restartDelayMs: 300, onEvent: (event) => events.push(event) });
    await backend.ready();
    const killed = backend.pid;
    const seen: GenerationEvent[] = [];
    const failing = (async () => {
      for await (const event of backend.generate(ask('a text that never ends'))) {
        seen.push(event);
        if (event.type === 'text-delta' && killed) process.kill(killed, 'SIGKILL');
      }
    })();
    await expect(failing).rejects.toMatchObject({ name: 'InferenceError', code: 'engine_failed' });
    expect(seen.map(({ type }) => type)).toEqual(expect.arrayContaining(['start', 'text-delta']));

    await expect(textOf(backend, 'too early')).rejects.toMatchObject({
      code: 'loading',
      details: { retryAfter: expect.any(Number) },
    });
    await until(async () => backend.status() === 'restarting');
    expect(backend.lastError).toMatchObject({ code: 'engine_failed' });
    expect(await backend.models()).toMatchObject([
      { id: 'fake', status: expect.stringMatching(/^(degraded|loading)$/) },
    ]);
    await until(async () => backend.status() === 'ready');
    expect(backend.pid).not.toBe(killed);
    expect(await textOf(backend, 'Hi')).toBe('Hi');
    expect(events.find(({ type }) => type === 'exited')).toMatchObject({
      pid: killed,
      signal: 'SIGKILL',
      failedGenerations: 1,
      restartInMs: 300,
    });
  });

  it.each([
    ['longer and longer while it keeps dying', 60_000, [10, 20, 30]],
    ['as before once it was healthy', 0, [10, 10, 10]],
  ])('waits %s', async (_, healthyAfterMs, expected) => {
    const delays: unknown[] = [];
    const onEvent = (event: ProcessBackendEvent): void => {
      if (event.type === 'exited') delays.push(event.restartInMs);
      else if (event.type === 'ready' && event.pid && delays.length < 3) process.kill(event.pid, 'SIGKILL');
    };
    const backend = start({ restartDelayMs: 10, maxRestartDelayMs: 30, healthyAfterMs, onEvent });
    await until(async () => delays.length === 3 && backend.status() === 'ready');
    expect(delays).toEqual(expected);
  });

  it('gives up the first start when the child says why', async () => {
    const events: ProcessBackendEvent[] = [];
    const onEvent = (event: ProcessBackendEvent): void => void events.push(event);
    const backend = start({ arguments: { startError: 'broken file' }, onEvent });

    await expect(backend.ready()).rejects.toMatchObject({
      name: 'RangeError',
      message: 'broken file',
      code: 'invalid_model',
    });
    expect(backend.status()).toBe('failed');
    expect(events.map(({ type }) => type)).toEqual(['starting', 'progress', 'start-failed', 'exited']);
    await expect(textOf(backend, 'Hi')).rejects.toMatchObject({ code: 'engine_failed' });

    const other = start({ arguments: { startError: 'inference' } });
    await expect(other.ready()).rejects.toMatchObject({ code: 'model_not_found', details: { model: 'x' } });
  });

  it('tries again when the child dies while it starts, but not for ever', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'process-backend-'));
    const dieOnceFile = join(folder, 'die-once');
    writeFileSync(dieOnceFile, '');
    try {
      const backend = start({ arguments: { dieOnceFile }, restartDelayMs: 1 });
      await backend.ready();
      expect(existsSync(dieOnceFile)).toBe(false);
      expect(await textOf(backend, 'Hi')).toBe('Hi');
    } finally {
      rmSync(folder, { recursive: true });
    }

    const delays: unknown[] = [];
    const onEvent = (event: ProcessBackendEvent): void => {
      if (event.type === 'exited') delays.push(event.restartInMs);
    };
    const hopeless = start({ arguments: { dieOnStart: true }, restartDelayMs: 2, maxRestartDelayMs: 3, onEvent });
    await expect(hopeless.ready()).rejects.toMatchObject({ code: 'engine_failed' });
    expect(delays).toEqual([2, 3, undefined]);
  });

  it('closes after what runs, and refuses what comes later', async () => {
    const backend = start({ arguments: { delayMs: 5 } });
    await backend.ready();
    const { pid } = backend;
    const texts: string[] = [];
    let closing: Promise<void> | undefined;
    for await (const event of backend.generate(ask('until the end'))) {
      if (event.type === 'text-delta') texts.push(event.text);
      closing ??= backend.close();
    }
    await closing;

    expect(texts.join('')).toBe('until the end');
    expect(backend.status()).toBe('closed');
    expect(isAlive(pid)).toBe(false);
    await expect(textOf(backend, 'Hi')).rejects.toMatchObject({ code: 'closed' });
  });

  it('can be closed while it loads', async () => {
    const backend = start();
    await backend.close();

    await expect(backend.ready()).rejects.toMatchObject({ code: 'closed' });
    expect(backend.pid).toBeUndefined();
  });

  it('lets a start that is broken off undo what it began', async () => {
    const halfMade = join(mkdtempSync(join(tmpdir(), 'mcli-undo-')), 'half made');
    const events: ProcessBackendEvent[] = [];
    const backend = start({ arguments: { halfMade }, onEvent: (event) => events.push(event) });
    await until(async () => existsSync(halfMade));
    await backend.close();

    expect(existsSync(halfMade)).toBe(false);
    expect(events.map(({ type }) => type)).not.toContain('start-failed');
    await expect(backend.ready()).rejects.toMatchObject({ code: 'closed' });
  });

  it('undoes what it began also when the parent is killed', async () => {
    const halfMade = join(mkdtempSync(join(tmpdir(), 'mcli-undo-')), 'half made');
    const parent = fork(new URL('parent-process.mjs', tests), [halfMade], {
      execArgv: runTypeScript,
      env: childEnvironment(),
    });
    const [pid] = (await once(parent, 'message')) as [number];
    expect(existsSync(halfMade)).toBe(true);
    parent.kill('SIGKILL');
    await until(async () => !isAlive(pid));
    expect(existsSync(halfMade)).toBe(false);
  });

  it('ends the child when the parent is killed, and only then', async () => {
    const parent = fork(new URL('parent-process.mjs', tests), [], { execArgv: runTypeScript, env: childEnvironment() });
    const [pid] = (await once(parent, 'message')) as [number];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    parent.send('still there?');
    const [answer] = await once(parent, 'message');
    expect(answer).toBe('still there?');

    parent.kill('SIGKILL');
    await until(async () => !isAlive(pid));
  });

  it('takes a path as well as an address', async () => {
    const backend = start({ module: fileURLToPath(new URL('engine-process.mjs', tests)) });
    await backend.ready();

    expect(await textOf(backend, 'Hi')).toBe('Hi');
  });
});

function start(options: Partial<ProcessBackendOptions> = {}): ProcessBackend {
  const module = new URL('engine-process.mjs', tests);
  const backend = createProcessBackend({ module, arguments: {}, execArgv: runTypeScript, ...options });
  backends.push(backend);
  return backend;
}

function ask(content: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  return { model: 'fake', prompt: [{ role: 'user', content }], ...more };
}

async function textOf(backend: ProcessBackend, content: string, more: Partial<GenerateRequest> = {}): Promise<string> {
  let text = '';
  for await (const event of backend.generate(ask(content, more))) if (event.type === 'text-delta') text += event.text;
  return text;
}

/** What a request is told that comes now. */
async function retryAfterOf(backend: ProcessBackend): Promise<number | undefined> {
  const error: unknown = await textOf(backend, 'Hi').catch((error: unknown) => error);
  if (!InferenceError.isInstance(error) || error.code !== 'loading') throw error;
  return error.details.retryAfter;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? -1, 0);
  } catch {
    return false;
  }
}

function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, ...env } = process.env;
  void NODE_OPTIONS;
  return env;
}
