import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { CorruptGgufFault } from './testing/index.js';
import { writeCorruptGguf, writeTinyGguf } from './testing/index.js';

jest.setTimeout(60_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-llama-process-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

const typescript = join(import.meta.dirname, '..', '..', '..', 'tools', 'jest', 'compile-typescript.mjs');
const prelude = `
  import { loadLlamaCpp } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
  const library = await loadLlamaCpp();
  const fill = (context, count) => {
    const batch = context.createBatch();
    for (let at = 0; at < count; at++) batch.add(30, at, 0, at === count - 1);
    return context.decode(batch);
  };
`;

/** Runs a program in a process of its own, with `library`, `path` and `fill`. */
function run(program: string, path: string): Promise<Ending> {
  const code = `${prelude} const path = ${JSON.stringify(path)}; ${program}`;
  const args = ['--conditions=@mcli/source', '--import', typescript, '--input-type=module', '--eval', code];
  const options = { timeout: 30_000, killSignal: 'SIGKILL', cwd: folder } as const;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, options, (_, output, errors) =>
      resolve({ code: child.exitCode, signal: child.signalCode, output, errors }),
    );
  });
}

const program = `
  const model = await library.loadModel(path);
  console.log('model');
  const context = await model.createContext({ positions: 256, threads: 1 });
  console.log('context');
  await fill(context, 3);
  console.log('computed');
  await context.decode(context.createBatch()).catch(({ code }) => console.log(code));
  await model.dispose();
  console.log('disposed');
`;

describe('a file on which llama.cpp gives up', () => {
  it.each<[CorruptGgufFault, string]>([
    ['load', ''],
    ['context', 'model\n'],
    ['decode', 'model\ncontext\n'],
  ])('ends the process that computes, this one lives: while it is busy with %s', async (fault, output) => {
    const path = join(folder, `${fault}.gguf`);
    await writeCorruptGguf(path, fault);
    const ending = await run(program, path);
    expect(ending.output).toBe(output);
    expect(ending.errors).toContain('GGML_ASSERT');
    if (process.platform !== 'win32') expect(ending.signal).toBe('SIGABRT');
  });

  it('is not one of these', async () => {
    const path = join(folder, 'sound.gguf');
    await writeTinyGguf(path, 'qwen2');
    expect(await run(program, path)).toEqual({
      code: 0,
      signal: null,
      output: 'model\ncontext\ncomputed\ninvalid_argument\ndisposed\n',
      errors: '',
    });
  });
});

describe('the process ends', () => {
  const large = () => writeTinyGguf(join(folder, 'large.gguf'), 'llama', { layers: 24, feedForwardSize: 512 });

  it.each([
    ['by itself when nothing is disposed of', 'await fill(context, 3);', 0],
    ['while something is computed', 'fill(context, 250); setTimeout(() => process.exit(3), 5);', 3],
    ['while something is computed that nobody waits for', 'fill(context, 250);', 0],
    [
      'while a model is loaded and its log is heard',
      'library.onLog(() => undefined); library.loadModel(path); setImmediate(() => process.exit(3));',
      3,
    ],
    ['while a listener hears of the log', 'library.onLog(() => process.exit(3)); await library.loadModel(path);', 3],
    ['when a listener throws', "library.onLog(() => { throw new Error('mine'); }); await library.loadModel(path);", 1],
  ])('%s', async (_, last, code) => {
    await large();
    const ending = await run(
      `const model = await library.loadModel(path);
       const context = await model.createContext({ positions: 256, threads: 1 });
       ${last}`,
      join(folder, 'large.gguf'),
    );
    expect({ ...ending, errors: ending.errors.includes('mine') }).toEqual({
      code,
      signal: null,
      output: '',
      errors: code === 1,
    });
  });

  it('after those who listen for its end', async () => {
    await large();
    const ending = await run(
      `process.on('exit', (code) => console.log("exit " + code));
       const model = await library.loadModel(path);
       const context = await model.createContext({ positions: 256, threads: 1 });
       fill(context, 250);
       setTimeout(() => process.exit(3), 5);`,
      join(folder, 'large.gguf'),
    );
    expect(ending).toEqual({ code: 3, signal: null, output: 'exit 3\n', errors: '' });
  });
});
