import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { loadLlamaCpp, packageVersion } from './index.js';
import { writeTinyGguf } from './testing/index.js';

jest.setTimeout(60_000);

const project = join(import.meta.dirname, '..');
const readme = readFileSync(join(project, 'README.md'), 'utf8');

describe('The README', () => {
  it('has an example that writes text', async () => {
    const [, example = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
    // Inside the project, so that packages are found.
    await mkdir(join(project, 'test-output'), { recursive: true });
    const folder = await mkdtemp(join(project, 'test-output', 'readme-'));
    try {
      await writeTinyGguf(join(folder, 'model.gguf'), 'llama');
      await writeFile(join(folder, 'example.mjs'), example);
      const typescript = join(project, '..', 'inference', 'tests', 'run-typescript.mjs');
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ['--conditions=@mcli/source', '--import', typescript, 'example.mjs'],
        { cwd: folder, timeout: 30_000 },
      );
      expect(stderr).toBe('');
      expect(stdout.length).toBeGreaterThan(8);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('names all codes of errors, in the order of their declaration', () => {
    const declared = readFileSync(join(import.meta.dirname, 'llama-cpp-error.ts'), 'utf8');
    const codes = Array.from(declared.matchAll(/^ {2}\| '(\w+)'/gm), ([, code]) => code);
    expect(Array.from(readme.matchAll(/^\| `(\w+)`/gm), ([, code]) => code)).toEqual(codes);
    expect(codes).toHaveLength(11);
  });

  it('names the releases that are used', async () => {
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      readonly optionalDependencies: Readonly<Record<string, string>>;
    };
    expect(new Set(Object.values(manifest.optionalDependencies))).toEqual(new Set([packageVersion]));
    expect(readme).toContain(`@${packageVersion}\n`);
    const { version } = await loadLlamaCpp();
    expect(readme).toContain(version.replace(/-.*$/, ''));
  });
});
