import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';

jest.setTimeout(60_000);

const project = join(import.meta.dirname, '..');
const readme = readFileSync(join(project, 'README.md'), 'utf8');
const examples = Array.from(readme.matchAll(/```(?:ts|js)\n(.*?)```/gs), ([, code = '']) => code);

let folder: string;
beforeAll(() => {
  // Inside the project, so that packages are found.
  mkdirSync(join(project, 'test-output'), { recursive: true });
  folder = mkdtempSync(join(project, 'test-output', 'readme-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README', () => {
  it('combines and observes backends', async () => {
    expect(await run('main.ts', exampleWith('observeUsage('))).toBe(
      [
        'small ended { promptTokens: 12, completionTokens: 10, cachedTokens: 0 }',
        'Hello you',
        'echo ended { promptTokens: 2, completionTokens: 2, cachedTokens: 0 }',
        'Hello you',
        '',
      ].join('\n'),
    );
  });

  it('writes a trace', async () => {
    const path = join(folder, 'trace.json');
    await run('trace.ts', exampleWith('createTraceFile(').replace("'trace.json'", JSON.stringify(path)));
    const entries = JSON.parse(readFileSync(path, 'utf8')) as readonly { readonly name: string }[];
    expect(entries.filter(({ name }) => name === 'step')).toHaveLength(5);
  });

  it('runs a backend in a process', async () => {
    writeFileSync(join(folder, 'engine-process.js'), exampleWith('serveBackendProcess('));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const code = exampleWith('createProcessBackend(').replace('module,', 'module, execArgv: process.execArgv,');
    expect(await run('main.js', code)).toContain("ready [\n  {\n    id: 'small'");
  });

  it('has a contract for backends of your own', async () => {
    const runner = 'const describe = (title, tests) => tests(); const it = (title) => console.log(title);';
    const titles = await run(
      'contract.ts',
      `${runner} const expect = () => undefined; ${exampleWith('backendContract(')}`,
    );
    expect(titles.split('\n')).toContain('yields one start, then text, then one end');
  });
});

function exampleWith(word: string): string {
  const found = examples.find((example) => example.includes(word));
  if (found === undefined) throw new Error(`No example in the README has '${word}'.`);
  return found;
}

/** Runs an example as a program of its own and returns what it printed. */
async function run(name: string, code: string): Promise<string> {
  writeFileSync(join(folder, name), code);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--conditions=@mcli/source',
      '--import',
      join(project, '..', '..', 'tools', 'jest', 'compile-typescript.mjs'),
      join(folder, name),
    ],
    { env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' } },
  );
  return stdout;
}
