import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuiltModel } from '@mcli/model-builder';
import { buildModel } from '@mcli/model-builder';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import type { Runtime, SessionOptions } from '@mcli/ort';
import { loadRuntime, OrtError } from '@mcli/ort';
import { loadSessions } from './load-sessions.js';

describe.each(['int8', 'uint8'] as const)('loadSessions over matrices of %s', (integers) => {
  let folder: string;
  let runtime: Runtime;
  let built: BuiltModel;
  /** Options of each session that was asked for. */
  let asked: (SessionOptions | undefined)[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcli-sessions-'));
    const source = join(folder, 'tiny.gguf');
    await writeTinyGguf(source, {});
    const calibration = () => [Array.from({ length: 50 }, (_, at) => at)];
    built = await buildModel({ source, directory: join(folder, 'built'), integers, calibration });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    runtime = await loadRuntime();
    asked = [];
  });
  afterEach(() => runtime.dispose());

  const watching = (refuses: (path: unknown, options?: SessionOptions) => boolean): Runtime => ({
    kind: runtime.kind,
    version: runtime.version,
    capabilities: runtime.capabilities,
    allocate: (type, dims) => runtime.allocate(type, dims),
    shareWeights: (path, weights) => runtime.shareWeights(path, weights),
    dispose: () => runtime.dispose(),
    createSession: async (path, options) => {
      asked.push(options);
      if (refuses(path, options)) throw new OrtError('invalid_model', 'refused');
      return runtime.createSession(path, options);
    },
  });

  it('shares all matrices between both graphs', async () => {
    const { write, read } = await loadSessions(
      watching(() => false),
      built,
      { threads: 1 },
    );
    const names = (session = write) => session.inputs.map(({ name }) => name);

    expect(new Set(built.manifest.matrices.map(({ type }) => type))).toEqual(new Set([integers]));
    expect(asked.map((options) => options?.weights?.byteLength)).toEqual(
      new Array(2).fill(built.manifest.matrices.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0)),
    );
    expect([names().includes('first_position'), names(read).includes('first_position')]).toEqual([false, true]);
  });

  it('gives each its own where the runtime refuses', async () => {
    const refusing = watching((path, options) => path === built.readPath && options?.weights !== undefined);
    const { write, read } = await loadSessions(refusing, built, { threads: 1 });

    expect(asked.map((options) => options?.weights !== undefined)).toEqual([true, true, false, false]);
    expect([write, read].every(Boolean)).toBe(true);
  });

  it('fails with the reason when neither way works', async () => {
    const refusing = watching((path) => path === built.readPath);
    await expect(loadSessions(refusing, built, { threads: 1 })).rejects.toThrow('refused');
  });
});
