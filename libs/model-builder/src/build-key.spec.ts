import { mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildKey } from './build-key.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-key-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('buildKey', () => {
  it('is the same for the same content, wherever and whenever it was written', async () => {
    const [one, other] = [join(folder, 'a.gguf'), join(folder, 'b.gguf')];
    for (const path of [one, other]) await writeFile(path, Buffer.alloc(3_000_000, 7));
    await utimes(other, 1, 1);

    expect(await buildKey(one, 'float32', 'int8')).toMatch(/^[0-9a-f]{32}$/);
    expect(await buildKey(one, 'float32', 'int8')).toBe(await buildKey(other, 'float32', 'int8'));
  });

  it('changes with any byte, the length, the form of the weights and the type of the integers', async () => {
    const path = join(folder, 'a.gguf');
    const keys = new Set<string>();
    for (const content of [
      Buffer.alloc(3_000_000),
      Buffer.alloc(3_000_001),
      Buffer.alloc(3_000_000).fill(1, 1_500_000, 1_500_001),
    ]) {
      await writeFile(path, content);
      for (const integers of ['int8', 'uint8'] as const) {
        for (const form of ['float32', 'int8-row'] as const) keys.add(await buildKey(path, form, integers));
      }
    }

    expect(keys.size).toBe(12);
  });

  it('of large files looks at size, time and pieces', async () => {
    const path = join(folder, 'large.gguf');
    const size = 300 * 2 ** 20;
    const file = await open(path, 'w');
    await file.truncate(size);
    await utimes(path, 5, 5);
    const key = await buildKey(path, 'float32', 'int8');
    expect(await buildKey(path, 'float32', 'int8')).toBe(key);
    await utimes(path, 6, 6);
    expect(await buildKey(path, 'float32', 'int8')).not.toBe(key);
    await file.write(Buffer.from([1]), 0, 1, size - 1);
    await file.close();
    await utimes(path, 5, 5);
    expect(await buildKey(path, 'float32', 'int8')).not.toBe(key);
  });

  it('says that there is no such file', async () => {
    await expect(buildKey(join(folder, 'nothing.gguf'), 'float32', 'int8')).rejects.toMatchObject({ code: 'io' });
  });
});
