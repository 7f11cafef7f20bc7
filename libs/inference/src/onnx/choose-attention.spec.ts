import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuiltModel } from '@mcli/model-builder';
import { buildModel } from '@mcli/model-builder';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import type { Runtime } from '@mcli/ort';
import { flashAttention, loadRuntime } from '@mcli/ort';
import { chooseAttention } from './choose-attention.js';

let folder: string;
let runtime: Runtime;
let built: BuiltModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-attention-'));
  runtime = await loadRuntime();
  const source = join(folder, 'tiny.gguf');
  await writeTinyGguf(source, { contextLength: 1024 });
  const calibration = () => [Array.from({ length: 100 }, (_, at) => at)];
  built = await buildModel({ source, directory: join(folder, 'built'), calibration });
});

afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('chooseAttention', () => {
  const path = () => join(built.directory, 'attention.json');

  it('measures once and keeps the choice beside the build', async () => {
    await chooseAttention(runtime, built, { threads: 1 });
    const choice = JSON.parse(await readFile(path(), 'utf8')) as { flashAttention: boolean };
    expect(flashAttention()).toBe(choice.flashAttention);

    const other = { ...choice, flashAttention: !choice.flashAttention };
    await writeFile(path(), JSON.stringify(other));
    await chooseAttention(runtime, built, { threads: 1 });
    expect(flashAttention()).toBe(other.flashAttention);
  });

  it.each([
    ['of another machine', JSON.stringify({ machine: 'elsewhere', flashAttention: true })],
    ['that is no JSON', '{"machine"'],
  ])('measures again for a choice %s', async (_, text) => {
    await writeFile(path(), text);
    await chooseAttention(runtime, built, { threads: 1 });
    expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject({
      machine: expect.stringContaining(runtime.version) as unknown,
    });
  });
});
