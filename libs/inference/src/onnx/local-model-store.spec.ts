import { mkdtemp, readdir, rm, truncate, utimes, writeFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildKey, readBuiltModel } from '@mcli/model-builder';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import { LocalModelStore } from './local-model-store.js';

let folder: string;
let source: string;
let store: LocalModelStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-store-'));
  source = join(folder, 'tiny.gguf');
  await writeTinyGguf(source, {});
  store = new LocalModelStore({ models: [{ id: 'tiny', path: source }], directory: folder });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('LocalModelStore', () => {
  it('builds a model once, and tells how far it is', async () => {
    const steps: string[] = [];
    expect(await store.isBuilt('tiny')).toBe(false);
    const first = await store.resolve('tiny', { onProgress: ({ step }) => steps.push(step) });
    expect([...new Set(steps)]).toEqual(['read', 'weights', 'calibrate', 'finish']);
    expect(await store.isBuilt('tiny')).toBe(true);

    const again: string[] = [];
    expect(await store.resolve('tiny', { onProgress: ({ step }) => again.push(step) })).toEqual(first);
    expect(again).toEqual([]);
  });

  it('builds again what is not whole any more', async () => {
    const { path } = await store.resolve('tiny');
    await truncate(join(path, 'model.onnx.data'), 10);
    expect(await store.isBuilt('tiny')).toBe(false);

    await store.resolve('tiny');
    await expect(readBuiltModel(path)).resolves.toMatchObject({ directory: path });
  });

  it.each(['int8', 'uint8'] as const)('keeps the build of a machine that multiplies %s apart', async (integers) => {
    const { path } = await store.resolve('tiny');
    const { manifest } = await readBuiltModel(path);

    expect(path === join(folder, await buildKey(source, 'int8-row', integers))).toBe(integers === manifest.integers);
  });

  it('shows that a build is used, and leaves files of others where they are', async () => {
    const { path } = await store.resolve('tiny');
    await utimes(path, 1, 1);
    await store.resolve('tiny');
    expect((await stat(path)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);

    await writeFile(join(folder, 'notes.txt'), 'mine');
    const before = await readdir(folder);
    await store.prune();
    expect(await readdir(folder)).toEqual(before);
  });

  it('knows no other models', async () => {
    await expect(store.resolve('other')).rejects.toMatchObject({ code: 'model_not_found' });
  });
});
