import { createHash } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { jest } from '@jest/globals';
import type { BuildProgress } from '../build-model.js';

// Threads start slowly where much else runs.
jest.setTimeout(60_000);

/** The threads that were started. */
const threads: Worker[] = [];
const running = new Set<Worker>();

jest.unstable_mockModule('node:worker_threads', () => {
  const real = process.getBuiltinModule('node:worker_threads');
  class RecordedWorker extends real.Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      threads.push(this);
      running.add(this);
      this.on('exit', () => running.delete(this));
    }
  }
  return { ...real, Worker: RecordedWorker };
});
const { writeRandomGguf } = await import('../testing/index.js');
const { buildModel } = await import('../build-model.js');
const { WorkerConverter } = await import('./worker-converter.js');

let folder: string;
let source: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-threads-'));
  source = join(folder, 'random.gguf');
  const shape = { layers: 2, hiddenSize: 768, feedForwardSize: 1024, heads: 12, kvHeads: 4, vocabularySize: 6000 };
  await writeRandomGguf(source, { ...shape, contextLength: 256 });
});

beforeEach(() => {
  threads.length = 0;
});

afterEach(async () => {
  expect(running.size).toBe(0);
  await rm(join(folder, 'built'), { recursive: true, force: true });
  expect(await readdir(folder)).toEqual(['random.gguf']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const build = (options: Partial<Parameters<typeof buildModel>[0]> = {}): ReturnType<typeof buildModel> =>
  buildModel({
    source,
    directory: join(folder, 'built'),
    weights: 'int8-row-float-cache',
    integers: 'int8',
    threads: 2,
    ...options,
  } as Parameters<typeof buildModel>[0]);

describe('buildModel on several threads', () => {
  // The figures are those of version 8 of the builder, which converted in one thread and one number after the other.
  it.each([
    ['int8-row-float-cache', 'int8', '95644ee19db0bd4a'],
    ['int8-row-float-cache', 'uint8', 'bf1a3ddddec07e75'],
    ['int8-block32', 'int8', '45c5c747e9fdbbf5'],
    ['float32-rotated', 'int8', 'd53c4b4b2634cf50'],
  ] as const)('gives the same bytes on 1, 2 and 3 threads, %s as %s', async (weights, integers, expected) => {
    const { directory } = await build({ threads: 1, weights, integers });
    expect(threads).toHaveLength(0);
    expect(await hashOf(directory)).toBe(expected);
    for (const count of [2, 3]) {
      threads.length = 0;
      await rm(directory, { recursive: true });
      await build({ threads: count, weights, integers });
      expect(threads).toHaveLength(count);
      expect(await hashOf(directory)).toBe(expected);
    }
  });

  it('tells how far it is, from nothing to everything and never backwards', async () => {
    const told: BuildProgress[] = [];
    await build({ weights: 'int8-row', calibration: () => [[1, 2, 3], [4]], onProgress: (step) => told.push(step) });
    expect(told.filter(({ done }) => done === 0).map(({ phase }) => phase)).toEqual([
      'read',
      'weights',
      'calibrate',
      'finish',
    ]);
    for (const [at, { phase, done, total }] of told.entries()) {
      const before = told[at - 1];
      if (before?.phase === phase) expect(done).toBeGreaterThanOrEqual(before.done);
      else if (before) expect([before.done, done]).toEqual([before.total, 0]);
      expect(done).toBeLessThanOrEqual(total);
    }
    expect(told.at(-1)).toEqual({ phase: 'finish', done: 1, total: 1 });
    expect(told.filter(({ phase }) => phase === 'weights').length).toBeGreaterThan(20);
  });

  it.each([
    ['before the first weight', ({ phase, done }: BuildProgress) => phase === 'weights' && done === 0],
    ['in the middle', ({ phase, done, total }: BuildProgress) => phase === 'weights' && done > total / 2],
    ['after the last weight', ({ phase, done, total }: BuildProgress) => phase === 'weights' && done === total],
    ['while saving', ({ phase }: BuildProgress) => phase === 'finish'],
  ])('leaves nothing behind when it is cancelled %s', async (_, isNow) => {
    for (const count of [1, 2]) {
      const controller = new AbortController();
      const reason = new Error('no longer wanted');
      const onProgress = (progress: BuildProgress): void => {
        if (isNow(progress)) controller.abort(reason);
      };
      await expect(build({ threads: count, onProgress, signal: controller.signal })).rejects.toBe(reason);
      expect(await readdir(folder)).toEqual(['random.gguf']);
      expect(running.size).toBe(0);
    }
  });

  it('starts nothing when it was cancelled before', async () => {
    await expect(build({ signal: AbortSignal.abort(new Error('never wanted')) })).rejects.toThrow('never wanted');
    expect(threads).toHaveLength(0);
  });

  it('says that a thread ended, and ends the others', async () => {
    const onProgress = ({ phase, done }: BuildProgress): void => {
      if (phase === 'weights' && done === 0) void threads[1]?.terminate();
    };
    await expect(build({ onProgress })).rejects.toMatchObject({
      name: 'ModelBuildError',
      code: 'thread_ended',
      message: expect.stringMatching(/^random\.gguf: a thread that converts weights ended: it exited with code \d\. /),
    });
  });

  it('ends the threads when who is told the progress throws', async () => {
    const reason = new Error('no ear');
    const onProgress = ({ done, total }: BuildProgress): void => {
      if (done > total / 2 && total > 1) throw reason;
    };
    await expect(build({ onProgress })).rejects.toBe(reason);
  });

  it('tells the errors of a thread as if they were its own: a file that was cut off meanwhile', async () => {
    const whole = await readFile(source);
    const cut = join(folder, 'cut.gguf');
    for (const count of [1, 2]) {
      await writeFile(cut, whole);
      const onProgress = ({ phase, done }: BuildProgress): void => {
        if (phase === 'weights' && done === 0) truncateSync(cut, 1_000_000);
      };
      await expect(build({ source: cut, threads: count, onProgress })).rejects.toMatchObject({
        name: 'ModelBuildError',
        code: 'truncated',
        message: expect.stringMatching(/^cut\.gguf: ends at byte \d+, in the middle of a tensor$/),
      });
    }
    await rm(cut);
  });
});

describe('WorkerConverter', () => {
  const table = { of: 'cos', rows: 4, rotarySize: 8, base: 10_000, scale: 1 } as const;
  const weight = { kind: 'rotary', name: 'a', values: { offset: 0, byteLength: 64 }, table } as const;
  const job = { weight, part: 0, row: 0, first: 0, count: 4, columns: 4, atOnce: 4 };

  it("keeps the system's code of an error in writing", async () => {
    const converter = new WorkerConverter({ source: { fd: 999_999, label: 'a.gguf' }, target: 999_999 });
    await expect(converter.convert(job, undefined)).rejects.toMatchObject({ code: 'EBADF', syscall: 'write' });
    await converter.close();
  });

  it('refuses jobs after its end', async () => {
    const converter = new WorkerConverter({ source: { fd: 999_999, label: 'a.gguf' }, target: 999_999 });
    await converter.close();
    await expect(converter.convert(job, undefined)).rejects.toMatchObject({ code: 'thread_ended' });
  });
});

async function hashOf(directory: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(directory, 'model.onnx.data')))
    .digest('hex')
    .slice(0, 16);
}
