import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { runtimeKinds } from './testing/runtime-kinds.js';

const sources = dirname(fileURLToPath(import.meta.url));

/** The package as plain JavaScript, inside the package so that its dependencies are found. */
let folder: string;

beforeAll(async () => {
  const output = join(sources, '..', 'test-output');
  await mkdir(output, { recursive: true });
  folder = await mkdtemp(join(output, 'child-'));
  for (const path of await readdir(sources, { recursive: true })) {
    const target = join(folder, 'src', path);
    if (path.endsWith('.mjs')) await cp(join(sources, path), target);
    if (!path.endsWith('.ts') || path.endsWith('.spec.ts')) continue;
    const { code } = await transform(await readFile(join(sources, path), 'utf8'), {
      swcrc: false,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target.replace(/ts$/, 'js'), code);
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a program that has `run(options)`: loads a runtime, adds two numbers and prints a line. */
async function runChild(program: string, environment: Record<string, string>): Promise<string> {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.js`);
  await writeFile(
    file,
    `import { loadRuntime } from './src/index.js';
     import { addModel } from './src/testing/models.js';
     async function run(options) {
       const runtime = await loadRuntime(options);
       const session = await runtime.createSession(addModel());
       const binding = session.createBinding();
       const a = runtime.allocate('float32', [1, 2]);
       a.data.set([20, 21]);
       const sum = runtime.allocate('float32', [1, 2]);
       binding.bindInput('a', a);
       binding.bindInput('b', a);
       binding.bindOutput('sum', sum);
       await session.run(binding);
       console.log(runtime.kind, sum.data.join());
       return runtime;
     }
     ${program}`,
  );
  const child = spawn(process.execPath, [file], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('close', (exit, signal) => resolve(exit ?? signal)));
  return `${output}exit ${String(code)}`;
}

describe.each(runtimeKinds)('a process with a %s runtime', (kind) => {
  it('writes nothing to the home or the temporary folder', async () => {
    const home = join(folder, `home-${kind}`);
    const temporary = join(folder, `tmp-${kind}`);
    await mkdir(home);
    await mkdir(temporary);
    const output = await runChild(`await run({ prefer: '${kind}' }); await new Promise((r) => setTimeout(r, 300));`, {
      HOME: home,
      TMPDIR: temporary,
    });
    expect(output).toBe(`${kind} 40,42\nexit 0`);
    expect([...(await readdir(home, { recursive: true })), ...(await readdir(temporary, { recursive: true }))]).toEqual(
      [],
    );
  });

  it('ends by itself, with the runtime disposed of or not', async () => {
    const run = `run({ prefer: '${kind}' })`;
    expect(await runChild(`await ${run};`, {})).toBe(`${kind} 40,42\nexit 0`);
    expect(await runChild(`await (await ${run}).dispose();`, {})).toBe(`${kind} 40,42\nexit 0`);
  });

  it('loads the runtime again after disposing of it', async () => {
    const program = `for (let i = 0; i < 3; i += 1) await (await run({ prefer: '${kind}' })).dispose();`;
    expect(await runChild(program, {})).toBe(`${`${kind} 40,42\n`.repeat(3)}exit 0`);
  });
});

it('keeps the library loaded when everything unused is collected', async () => {
  const program = `
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc');
    await (await (await loadRuntime()).createSession(addModel())).dispose();
    for (let i = 0; i < 5; i += 1) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await run({});`;
  expect(await runChild(program, {})).toBe('native 40,42\nexit 0');
});

it('runs both kinds in one process', async () => {
  const program = `const native = await run({}); const worker = await run({ prefer: 'worker' });
    await worker.dispose(); await run({}); await native.dispose();`;
  expect(await runChild(program, {})).toBe('native 40,42\nworker 40,42\nnative 40,42\nexit 0');
});

describe('where koffi does not load', () => {
  beforeAll(async () => {
    const koffi = join(folder, 'node_modules', 'koffi');
    await mkdir(koffi, { recursive: true });
    await writeFile(join(koffi, 'package.json'), '{"name":"koffi","main":"index.cjs"}');
    await writeFile(join(koffi, 'index.cjs'), 'throw new Error("no native module for this machine");');
  });
  afterAll(() => rm(join(folder, 'node_modules'), { recursive: true }));

  it('takes the worker and says why', async () => {
    const output = await runChild(`await run({ onFallback: (reason) => console.log(reason) });`, {});
    expect(output).toContain('koffi does not load on this machine: no native module for this machine');
    expect(output).toContain('worker 40,42\nexit 0');
  });

  it('refuses with the reason where the binding is missing too', async () => {
    const binding = join(folder, 'node_modules', 'onnxruntime-node');
    await mkdir(binding, { recursive: true });
    await writeFile(join(binding, 'package.json'), '{"name":"onnxruntime-node"}');
    const refused = `await run({}).catch((error) => console.log(error.name, error.code, error.message));`;
    expect(await runChild(refused, {})).toMatch(
      /^OrtError unsupported_platform ONNX Runtime has no library for \w+ \w+: it runs on .*\nexit 0$/,
    );
    const withoutGlibc = `Object.defineProperty(process, 'platform', { value: 'linux' });
      process.report.getReport = () => ({ header: {} });`;
    expect(await runChild(`${withoutGlibc} ${refused}`, {})).toContain(
      'with a C library other than glibc (musl, as in Alpine): it runs on',
    );
  });
});
