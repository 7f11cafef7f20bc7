import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFileBytes } from './model-file-bytes.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-model-bytes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, bytes: number): Promise<string> => {
  await writeFile(join(folder, name), new Uint8Array(bytes));
  return join(folder, name);
};

it('counts a file, or all files of a set', async () => {
  expect(await modelFileBytes(await write('one.gguf', 100))).toBe(100);
  const first = await write('set-00001-of-00003.gguf', 10);
  await write('set-00002-of-00003.gguf', 20);
  await expect(modelFileBytes(first)).rejects.toMatchObject({ code: 'ENOENT' });
  const third = await write('set-00003-of-00003.gguf', 30);
  expect(await modelFileBytes(first)).toBe(60);
  expect(await modelFileBytes(third)).toBe(30);
});
