import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builderVersion } from './model-manifest.js';
import { pruneBuilds } from './prune-builds.js';

const day = 86_400_000;
const key = '0123456789abcdef0123456789abcdef';
const scratch = `${key}.tmp-0123456789ab`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-prune-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('pruneBuilds', () => {
  it.each([
    ['a build of another version, unused for a month', key, old({}), [31 * day]],
    [
      'the same with all files a build has',
      key,
      { ...old({}), 'model.onnx.data': 'x', 'attention.json': '{}' },
      [31 * day],
    ],
    ['what a broken-off build left', scratch, { 'model.onnx.data': 'x' }, [2 * 3_600_000]],
    ['what was moved out of the way', `${scratch}.old-0`, old({}), [2 * 3_600_000]],
  ] as const)('deletes %s, and says so', async (_, name, files, [age]) => {
    await put(name, files, age);
    const deleted: string[] = [];
    await pruneBuilds(folder, { onDelete: (of, reason) => deleted.push(`${of}: ${reason}`) });

    expect(await readdir(folder)).toEqual([]);
    expect(deleted).toEqual([expect.stringMatching(new RegExp(`^${name}: .+`))]);
  });

  it.each([
    ['a folder of photos', 'photos', { 'beach.jpg': 'x' }],
    ['a folder of photos named like a build', key, { 'beach.jpg': 'x' }],
    ['a folder of photos named like an unfinished build', scratch, { 'beach.jpg': 'x' }],
    ['a build with a note beside it', key, { ...old({}), 'note.txt': 'keep' }],
    ['a build of another version used lately', key, old({}), 29 * day],
    ['a build of this version', key, old({ builderVersion })],
    ['a build of another name', 'my-build', old({})],
    ['a build whose manifest names another key', key, old({ key: key.replace('0', '1') })],
    ['a manifest without a version', key, { 'manifest.json': JSON.stringify({ key }) }],
    ['a manifest that is none', key, { 'manifest.json': 'null' }],
    ['a build that is being made', scratch, { 'model.onnx.data': 'x' }, 60_000],
    ['an ONNX model of the user', 'exported', { 'model.onnx': 'x' }],
    ['a name with .tmp- in it', 'photos.tmp-2024', { 'manifest.json': '{}' }],
  ])('leaves %s alone', async (_, name, files, age = 400 * day) => {
    await put(name, files as Record<string, string>, age);
    const deleted: string[] = [];
    await pruneBuilds(folder, { onDelete: (of) => deleted.push(of) });

    expect((await readdir(join(folder, name))).sort()).toEqual(Object.keys(files).sort());
    expect(deleted).toEqual([]);
  });

  it('leaves files and links alone, and where links lead', async () => {
    const target = join(folder, 'elsewhere');
    await put('elsewhere', old({}), 400 * day);
    await symlink(target, join(folder, key));
    await writeFile(join(folder, 'model.gguf'), 'x');
    await writeFile(join(folder, `${key.replace('0', 'f')}`), 'x');
    await pruneBuilds(folder);

    expect((await readdir(folder)).sort()).toEqual([key, 'elsewhere', key.replace('0', 'f'), 'model.gguf'].sort());
    expect(await readdir(target)).toEqual(['manifest.json']);
  });

  it('does nothing where there is no folder', async () => {
    await expect(pruneBuilds(join(folder, 'nothing'))).resolves.toBeUndefined();
  });
});

/** A manifest of another version of the builder. */
function old(change: object): Record<string, string> {
  return { 'manifest.json': JSON.stringify({ key, builderVersion: builderVersion - 1, ...change }) };
}

/** A folder with files, all of which changed some time ago, in milliseconds. */
async function put(name: string, files: Readonly<Record<string, string>>, age: number): Promise<void> {
  const at = new Date(Date.now() - age);
  await mkdir(join(folder, name));
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(folder, name, file), content);
    await utimes(join(folder, name, file), at, at);
  }
  await utimes(join(folder, name), at, at);
}
