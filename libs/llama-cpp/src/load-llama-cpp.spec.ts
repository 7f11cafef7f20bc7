import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from './index.js';
import { loadLlamaCpp, packageVersion, packagesFor } from './index.js';
import { findLibraries, librariesIn } from './native/find-libraries.js';
import { mappingsOf } from './native/drop-mapped-pages.js';
import { writeTinyGguf } from './testing/index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-llama-load-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A package that is installed in a folder of its own, with empty files for libraries. */
async function install(name: string, version: string, files: readonly string[], where = name): Promise<string> {
  const root = join(folder, where);
  const home = join(root, 'node_modules', '@node-llama-cpp', name);
  await mkdir(join(home, 'bins', name), { recursive: true });
  await mkdir(join(home, 'dist'), { recursive: true });
  const manifest = { name: `@node-llama-cpp/${name}`, version, type: 'module', exports: './dist/index.js' };
  await writeFile(join(home, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(home, 'dist', 'index.js'), '');
  for (const file of files) await writeFile(join(home, 'bins', name, file), '');
  return root;
}

describe('packagesFor', () => {
  it('names those of a platform, with a GPU first, the one for the processor alone last', () => {
    expect(packagesFor('linux', 'x64')).toEqual([
      '@node-llama-cpp/linux-x64-cuda',
      '@node-llama-cpp/linux-x64-vulkan',
      '@node-llama-cpp/linux-x64',
    ]);
    expect(packagesFor('win32', 'x64').at(-1)).toBe('@node-llama-cpp/win-x64');
    expect(packagesFor('darwin', 'arm64')).toEqual(['@node-llama-cpp/mac-arm64-metal']);
    expect(packagesFor()).toEqual(packagesFor(process.platform, process.arch));
  });

  it('names none where there are none', () => {
    expect([packagesFor('freebsd', 'x64'), packagesFor('linux', 'riscv64')]).toEqual([[], []]);
  });
});

describe('librariesIn', () => {
  it.each([
    ['linux', ['libllama.v0.5.0.so', 'libggml.v0.5.0.so', 'libggml-base.so']],
    ['linux with a GPU', ['libllama.vulkan.v0.5.0.so', 'libggml.vulkan.v0.5.0.so', 'libggml-base.so']],
    ['macOS', ['libllama.metal.v0.5.0.dylib', 'libggml.metal.v0.5.0.dylib', 'libggml-base.dylib']],
    ['Windows', ['llama.dll', 'ggml.dll', 'ggml-base.dll']],
    ['Windows with a GPU', ['llama.cuda.v0.5.0.dll', 'ggml.cuda.v0.5.0.dll', 'ggml-base.dll']],
  ])('finds the three among others, by pattern: %s', async (name, [llama = '', ggml = '', base = '']) => {
    const directory = join(folder, `files-${name}`);
    await mkdir(directory);
    const suffix = llama.slice(llama.lastIndexOf('.'));
    const others = [
      `libllama-common${suffix}`,
      `libggml-cpu-zen4${suffix}`,
      `libggml-vulkan${suffix}`,
      'llama-addon.node',
    ];
    for (const file of [...others, llama, ggml, base]) await writeFile(join(directory, file), '');
    const at = (file: string) => join(directory, file);
    expect(librariesIn(directory)).toEqual({ directory, paths: { llama: at(llama), ggml: at(ggml), base: at(base) } });
    await rm(at(base));
    expect(librariesIn(directory)).toBeUndefined();
  });

  it('finds none in a folder that there is not', () => {
    expect(librariesIn(join(folder, 'nowhere'))).toBeUndefined();
  });
});

describe('findLibraries', () => {
  const files = ['libllama.v0.5.0.so', 'libggml.v0.5.0.so', 'libggml-base.so'];
  const names = ['@node-llama-cpp/linux-x64-vulkan', '@node-llama-cpp/linux-x64'];

  it('takes the preferred package that is installed in the right release', async () => {
    const choose = async (where: string, version?: string, gpuFiles: readonly string[] = files) => {
      const root = await install('linux-x64', packageVersion, files, where);
      if (version !== undefined) await install('linux-x64-vulkan', version, gpuFiles, where);
      const { package: name, unused } = findLibraries(names, join(root, 'index.js'));
      return { name, unused };
    };
    expect(await choose('alone')).toEqual({ name: names[1], unused: [] });
    expect(await choose('both', packageVersion)).toEqual({ name: names[0], unused: [] });
    expect(await choose('old', '3.1.0')).toEqual({
      name: names[1],
      unused: [{ package: names[0], reason: `is version 3.1.0; ${packageVersion} is needed` }],
    });
    expect(await choose('bare', packageVersion, [])).toEqual({
      name: names[1],
      unused: [{ package: names[0], reason: 'has no libraries' }],
    });
  });

  it('says what to install where there is no package, and where there is another release', async () => {
    await expect(loadLlamaCpp({ from: folder })).rejects.toMatchObject({
      name: 'LlamaCppError',
      code: 'library_missing',
      message: expect.stringContaining(`npm install ${packagesFor().at(-1)}@${packageVersion}`) as string,
    });
    const from = await install('linux-x64', '3.99.0', files, 'other');
    await expect(loadLlamaCpp({ from, packages: names })).rejects.toMatchObject({
      code: 'incompatible_library',
      message: `@node-llama-cpp/linux-x64 is version 3.99.0; ${packageVersion} is needed: npm install @node-llama-cpp/linux-x64@${packageVersion}`,
    });
  });

  it('says where llama.cpp runs, on a platform without packages', async () => {
    await expect(loadLlamaCpp({ packages: [] })).rejects.toMatchObject({
      code: 'unsupported_platform',
      message: expect.stringContaining(`${process.platform} ${process.arch}: it runs on Linux`) as string,
    });
  });

  it('says which file does not load', async () => {
    const from = await install('linux-x64', packageVersion, files, 'empty');
    await expect(loadLlamaCpp({ from, packages: names })).rejects.toMatchObject({
      code: 'library_missing',
      message: expect.stringMatching(/libggml-base\.so does not load: /) as string,
    });
  });
});

describe('loadLlamaCpp', () => {
  it('works after attempts that failed, and gives the same libraries again', async () => {
    await expect(loadLlamaCpp({ packages: [] })).rejects.toThrow();
    const [first, second] = [await loadLlamaCpp(), await loadLlamaCpp({ packages: [] })];
    expect([first.version, first.package, first.unused]).toEqual([second.version, second.package, second.unused]);
    expect(first.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(packagesFor()).toContain(first.package);
  });

  it('knows the processor', async () => {
    const { devices } = { devices: (await loadLlamaCpp()).devices() };
    const processor = devices.find(({ kind }) => kind === 'cpu');
    expect(processor?.name).toBe('CPU');
    expect(processor?.memory.total).toBeGreaterThan(2 ** 28);
    expect(devices.every((device) => !('handle' in device))).toBe(true);
  });

  it('logs whole lines to those who listen, also from other threads, and to nobody else', async () => {
    const library = await loadLlamaCpp();
    const path = join(folder, 'log.gguf');
    await writeTinyGguf(path, 'llama');
    const [one, two]: LogLine[][] = [[], []];
    const stopOne = library.onLog((line) => one?.push(line));
    const stopTwo = library.onLog((line) => two?.push(line));
    /** Lines come after the call that logged them. */
    const said = () => new Promise((resolve) => setImmediate(resolve));
    const load = async () => {
      const model = await library.loadModel(path);
      const context = await model.createContext({ positions: 256, threads: 1 });
      await model.dispose();
      return context;
    };
    // Two at once: two threads log.
    await Promise.all([load(), load()]);
    stopTwo();
    await said();
    const heard = two?.length ?? 0;
    expect(heard).toBeGreaterThan(50);
    expect(one?.length).toBe(heard);
    expect(one?.every(({ text }) => text !== '' && !/[\r\n]/.test(text))).toBe(true);
    expect(one?.some(({ text }) => text.includes('KV buffer size'))).toBe(true);
    expect(new Set(one?.map(({ level }) => level))).toContain('info');
    await load();
    await said();
    expect(two?.length).toBe(heard);
    expect(one?.length).toBeGreaterThan(heard);
    stopOne();
    stopOne();
    await load();
  });
});

describe('mappingsOf', () => {
  it('finds where a file and the others of its set are mapped', () => {
    const maps = [
      '7f0000000000-7f0000001000 r--s 00000000 08:01 42                         /models/a-00001-of-00002.gguf',
      '7f0000002000-7f0000003000 r--s 00000000 08:01 43                         /models/a-00002-of-00002.gguf',
      '7f0000004000-7f0000005000 r-xp 00000000 08:01 44                         /models/b.gguf',
      '7f0000006000-7f0000007000 rw-p 00000000 00:00 0 ',
      '7f0000008000-7f0000009000 rw-p 00000000 00:00 0                          [stack]',
      '7f000000a000-7f000000b000 -w-p 00000000 08:01 44                         /models/b.gguf',
      '',
    ].join('\n');
    expect(mappingsOf('/models/a-00001-of-00002.gguf', maps)).toEqual([
      [0x7f0000000000n, 0x7f0000001000n],
      [0x7f0000002000n, 0x7f0000003000n],
    ]);
    expect(mappingsOf('/models/b.gguf', maps)).toEqual([[0x7f0000004000n, 0x7f0000005000n]]);
    expect(mappingsOf('/models/c.gguf', maps)).toEqual([]);
  });
});
