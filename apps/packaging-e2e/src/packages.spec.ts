import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { packageVersion } from '@mcli/llama-cpp';
import { writeTinyGguf } from '@mcli/llama-cpp/testing';

/** Mesa's Vulkan device in software: Debian's package mesa-vulkan-drivers. */
const softwareGpu = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json';
const hasSoftwareGpu = process.platform === 'linux' && process.arch === 'x64' && existsSync(softwareGpu);
if (!hasSoftwareGpu) console.log("Skipped: a GPU needs Linux on x64 with Debian's package mesa-vulkan-drivers.");

const root = resolve(import.meta.dirname, '../../..');
const published = ['libs', 'apps'].flatMap((group) =>
  readdirSync(join(root, group))
    .map((name) => join(root, group, name))
    .filter((folder) => !(readJson(join(folder, 'package.json')) as { private?: boolean }).private),
);

interface Packed {
  readonly name: string;
  readonly tarball: string;
  readonly files: readonly string[];
}

let folder: string;
let packed: ReadonlyMap<string, Packed>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcli-packages-'));
  const all: Packed[] = [];
  for (const source of published) {
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], source);
    const [info] = Object.values(JSON.parse(stdout) as object) as {
      name: string;
      filename: string;
      files: { path: string }[];
    }[];
    if (!info) throw new Error(`${source} could not be packed.`);
    const { name, filename, files } = info;
    all.push({ name, tarball: join(folder, filename), files: files.map(({ path }) => path) });
  }
  packed = new Map(all.map((each) => [each.name, each]));
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('Every package', () => {
  it('holds its build, its types, its licence and its README, and nothing stray', () => {
    expect(packed.size).toBe(published.length);
    for (const { name, files } of packed.values()) {
      const missing = ['dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE'].filter(
        (file) => !files.includes(file),
      );
      const stray = files.filter((file) =>
        /\.spec\.|tsbuildinfo|jest\.config|tsconfig|eslint|test-output|out-tsc/.test(file),
      );
      expect({ name, missing, stray }).toEqual({ name, missing: [], stray: [] });
    }
  });

  it('passes publint', async () => {
    for (const source of published) {
      const { stdout } = await run(
        process.execPath,
        [join(root, 'node_modules/publint/src/cli.js'), '--strict', source],
        root,
      );
      expect(stdout).toMatch(/All good|Suggestions/);
      expect(stdout).not.toMatch(/Errors:|Warnings:/);
    }
  }, 120_000);
});

describe('@mcli/inference, alone', () => {
  it('works without its optional peers, and says what to install for the rest', async () => {
    const here = await install('inference', ['@mcli/inference']);
    expect(readdirSync(join(here, 'node_modules', '@mcli'))).toEqual(['inference']);
    const program = `
      import { Engine } from '@mcli/inference';
      import { echoBackend } from '@mcli/inference/testing';
      let text = '';
      const [{ id }] = await echoBackend().models();
      for await (const event of echoBackend().generate({ model: id, prompt: 'hello there' })) {
        if (event.type === 'text-delta') text += event.text;
      }
      const refusal = await import('@mcli/inference/onnx').then(({ loadOnnxRunner }) => loadOnnxRunner({ id: 'x', directory: '.' })).then(() => 'none', (error) => error.message);
      const other = await import('@mcli/inference/llama-cpp').then(({ loadLlamaCppRunner }) => loadLlamaCppRunner({ id: 'x', path: 'x' })).then(() => 'none', (error) => error.message);
      console.log(JSON.stringify({ engine: typeof Engine, text, refusal, other }));`;
    const result = JSON.parse(await node(here, program)) as Record<string, string>;
    expect(result).toMatchObject({ engine: 'function', text: 'hello there' });
    expect(result['refusal']).toMatch(/npm install @mcli\/ort @mcli\/model-builder/);
    expect(result['other']).toMatch(/npm install @mcli\/llama-cpp @mcli\/model-builder @mcli\/ort/);
  }, 120_000);
});

describe('@mcli/auth-keys, alone', () => {
  it('depends on Node alone, by import and by require, and says what SQLite needs', async () => {
    const here = await install('auth-keys', ['@mcli/auth-keys']);
    expect(readdirSync(join(here, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@mcli']);
    const program = `
      import { KeyManager } from '@mcli/auth-keys';
      const keys = new KeyManager();
      const { key } = await keys.create({ name: 'alice' });
      const refusal = await import('@mcli/auth-keys/sqlite').then(
        ({ SqliteApiKeyStore }) => { try { new SqliteApiKeyStore('x.db'); return 'none'; } catch (error) { return error.message; } },
        (error) => error.message);
      console.log(JSON.stringify({ ok: (await keys.verify(key)).ok, refusal }));`;
    const result = JSON.parse(await node(here, program)) as Record<string, unknown>;
    expect(result['ok']).toBe(true);
    expect(result['refusal']).toMatch(/libsql/);
    const { stdout } = await run(
      process.execPath,
      ['-e', "console.log(typeof require('@mcli/auth-keys').KeyManager)"],
      here,
    );
    expect(stdout.trim()).toBe('function');
  }, 120_000);
});

describe('@mcli/http-adapter, in a strict TypeScript program', () => {
  it('compiles, mounts over any backend, and answers', async () => {
    const here = await install(
      'http-adapter',
      ['@mcli/http-adapter', '@mcli/inference', '@mcli/openai-schema', '@mcli/auth-keys'],
      ['express@5', '@types/node@20'],
    );
    writeFileSync(
      join(here, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          module: 'nodenext',
          target: 'es2022',
          skipLibCheck: true,
          outDir: 'out',
          types: ['node'],
        },
        files: ['app.mts'],
      }),
    );
    writeFileSync(
      join(here, 'app.mts'),
      `import { KeyManager } from '@mcli/auth-keys';
       import { createOpenAIRouter } from '@mcli/http-adapter';
       import type { InferenceBackend } from '@mcli/inference';
       import { echoBackend } from '@mcli/inference/testing';
       import express from 'express';
       const keys = new KeyManager();
       const { key } = await keys.create({ name: 'alice' });
       const backend: InferenceBackend = echoBackend();
       const app = express();
       app.use('/v1', createOpenAIRouter({ backend, authenticate: (credential) => keys.verify(credential) }));
       const server = app.listen(0, '127.0.0.1', async () => {
         const address = server.address();
         const port = typeof address === 'object' ? address?.port : undefined;
         const reply = await fetch(\`http://127.0.0.1:\${port}/v1/models\`, { headers: { authorization: \`Bearer \${key}\` } });
         console.log(String(reply.status));
         server.close();
       });`,
    );
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', here], here);
    const { stdout } = await run(process.execPath, ['out/app.mjs'], here);
    expect(stdout.trim()).toBe('200');
  }, 180_000);
});

describe('@mcli/cli, installed for everyone', () => {
  let prefix: string;
  let mcli: string;
  let home: { MCLI_HOME: string; HOME: string };

  beforeAll(() => {
    prefix = join(folder, 'prefix');
    mcli = join(prefix, process.platform === 'win32' ? 'mcli.cmd' : 'bin/mcli');
    home = { MCLI_HOME: join(folder, 'home'), HOME: join(folder, 'home') };
  });

  it('has the command, which makes keys and knows its models', async () => {
    const cli = await linkTarballs('@mcli/cli');
    await run(
      'npm',
      ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', '--prefer-offline', cli],
      folder,
    );
    expect((await run(mcli, ['--help'], folder, home)).stdout).toMatch(/mcli model/);
    expect((await run(mcli, ['--version'], folder, home)).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    const { key } = JSON.parse((await run(mcli, ['key', 'create', '--json'], folder, home)).stdout) as { key: string };
    expect(key).toMatch(/^mcli_/);
    const { data } = JSON.parse((await run(mcli, ['model', 'list', '--json'], folder, home)).stdout) as {
      data: object[];
    };
    expect(data).toMatchObject([{ id: 'smollm2-135m-instruct' }]);
    const tree = readdirSync(join(prefix, process.platform === 'win32' ? '' : 'lib', 'node_modules'), {
      recursive: true,
    });
    expect(tree.map(String).filter((path) => /@huggingface[\\/]transformers$|[\\/]sharp$/.test(path))).toEqual([]);
  }, 240_000);

  (hasSoftwareGpu ? it : it.skip)(
    'finds a package for GPUs that is installed beside it, and computes there',
    async () => {
      const vulkan = `@node-llama-cpp/linux-x64-vulkan@${packageVersion}`;
      await run(
        'npm',
        ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', '--prefer-offline', vulkan],
        folder,
      );
      const gpu = { ...home, VK_DRIVER_FILES: softwareGpu, GGML_VK_VISIBLE_DEVICES: '0' };
      const { data } = JSON.parse((await run(mcli, ['engine', 'list', '--json'], folder, gpu)).stdout) as {
        data: object[];
      };
      expect(data[1]).toMatchObject({
        package: '@node-llama-cpp/linux-x64-vulkan',
        devices: expect.arrayContaining([expect.objectContaining({ name: 'Vulkan0', kind: 'gpu' })]),
      });
      const model = join(folder, 'qwen3.gguf');
      await writeTinyGguf(model, 'qwen3');
      const { text, reply } = await serveOnce(mcli, ['--model', model, '--threads', '1', '--slots', '1'], gpu, 'qwen3');
      expect(text).toMatch(/Engine +llama\.cpp .*, 2 of 2 layers on Vulkan0 \(a GGUF file\)/);
      expect(reply).toMatchObject({ usage: { completion_tokens: 2 } });
      await run('npm', ['uninstall', '--global', '--prefix', prefix, vulkan.replace(/@[^@]*$/, '')], folder);
    },
    300_000,
  );

  it("runs a GGUF file on ONNX Runtime where llama.cpp's package is not installed, and says why", async () => {
    const modules = join(prefix, process.platform === 'win32' ? '' : 'lib', 'node_modules');
    const installed = readdirSync(modules, { recursive: true }).map(String);
    const packages = installed.filter((path) => path.endsWith('@node-llama-cpp'));
    expect(packages.length).toBeGreaterThan(0);
    for (const path of packages) rmSync(join(modules, path), { recursive: true });
    const [llama, gemma3] = [join(folder, 'llama.gguf'), join(folder, 'gemma3.gguf')];
    await writeTinyGguf(llama, 'llama');
    await writeTinyGguf(gemma3, 'gemma3');

    const { data } = JSON.parse((await run(mcli, ['engine', 'list', '--json'], folder, home)).stdout) as {
      data: object[];
    };
    const missing = /llama\.cpp's libraries are not installed: npm install @node-llama-cpp\//;
    expect(data).toMatchObject([{ id: 'onnx', reason: null }, { reason: expect.stringMatching(missing) }]);

    const { text, log } = await serveOnce(mcli, ['--model', llama, '--model-id', 'tiny'], home);
    expect(text).toMatch(/Engine +ONNX Runtime .*\(llama\.cpp can't be used: .* npm install @node-llama-cpp\//);
    expect(log).toMatch(/warn.*ONNX Runtime runs 'tiny'.*not installed/);

    const start = (...args: string[]) => run(mcli, ['model', 'start', '--port', '0', ...args], folder, home);
    await expect(start('--model', gemma3)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/mcli: gemma3\.gguf: models of the kind 'gemma3' .*; llama\.cpp, .*npm install/),
    });
    await expect(start('--model', llama, '--engine', 'llama.cpp')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`mcli: ${missing.source}`)),
    });
  }, 240_000);

  it('loads neither runtime, schemas nor logger to show its help', async () => {
    const program = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(
        'export async function resolve(name, context, next) { const found = await next(name, context); console.error(found.url); return found; }'));
      process.argv = [process.argv[0], 'mcli', '--help'];
      await import(${JSON.stringify(join(root, 'apps/cli/dist/main.js'))});`;
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', program], root);
    expect(stderr).toMatch(/yargs/);
    expect(stderr).not.toMatch(/koffi|onnxruntime|@huggingface|\/zod\/|winston|\/express\//);
  });
});

/** A folder where packed packages, and others from the registry, are installed. */
async function install(name: string, packages: readonly string[], others: readonly string[] = []): Promise<string> {
  const here = join(folder, name);
  mkdirSync(here);
  writeFileSync(join(here, 'package.json'), JSON.stringify({ name: `use-${name}`, private: true }));
  const tarballs = packages.map((each) => packed.get(each)?.tarball ?? each);
  await run(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--omit=peer',
      '--omit=optional',
      ...tarballs,
      ...others,
    ],
    here,
  );
  return here;
}

/**
 * Tarballs that name each other by their files, as the registry would by their versions.
 *
 * @returns the tarball of the package of that name
 */
async function linkTarballs(name: string): Promise<string> {
  const fileOf = (each: string) => join(folder, `linked-${each.replace('@mcli/', '')}.tgz`);
  for (const [each, { tarball }] of packed) {
    const here = mkdtempSync(join(folder, 'linked-'));
    await run('tar', ['-xzf', tarball, '-C', here], folder);
    const path = join(here, 'package', 'package.json');
    const manifest = readJson(path) as { dependencies?: Record<string, string> };
    const dependencies = Object.entries(manifest.dependencies ?? {}).map(([dependency, range]) =>
      packed.has(dependency) ? [dependency, `file:${fileOf(dependency)}`] : [dependency, range],
    );
    writeFileSync(path, JSON.stringify({ ...manifest, dependencies: Object.fromEntries(dependencies) }));
    await run('tar', ['-czf', fileOf(each), '-C', here, 'package'], folder);
    rmSync(here, { recursive: true, force: true });
  }
  return fileOf(name);
}

/** Starts a server, asks it for its health, or two tokens of a model, when it serves, and ends it. Gives what it wrote. */
async function serveOnce(mcli: string, args: readonly string[], more: Record<string, string>, model?: string) {
  const { NODE_OPTIONS: _options, ...inherited } = process.env;
  const server = spawn(mcli, ['model', 'start', '--port', '0', ...args], {
    env: { ...inherited, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(server, 'close');
  let [text, log] = ['', ''];
  let reply: unknown;
  server.stderr.setEncoding('utf8').on('data', (part: string) => (log += part));
  for await (const line of createInterface({ input: server.stdout })) {
    text += `${line}\n`;
    const address = /^Listening on (\S+)/.exec(line)?.[1];
    if (address === undefined) continue;
    const answer =
      model === undefined
        ? await fetch(new URL('/health', address))
        : await fetch(new URL(`/models/${model}/generate`, address), {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ prompt: 'hello', max_tokens: 2, temperature: 0 }),
          });
    expect(answer.status).toBe(200);
    reply = await answer.json();
    server.kill('SIGTERM');
  }
  await closed;
  return { text, log, reply };
}

async function node(here: string, program: string): Promise<string> {
  return (await run(process.execPath, ['--input-type=module', '-e', program], here)).stdout;
}

function run(command: string, args: readonly string[], cwd: string, more: Record<string, string> = {}) {
  const { NODE_OPTIONS: _options, FORCE_COLOR: _color, ...inherited } = process.env;
  const env = { ...inherited, NO_COLOR: '1', ONNXRUNTIME_NODE_INSTALL: 'skip', ...more };
  return promisify(execFile)(command, [...args], { cwd, env, maxBuffer: 64 * 2 ** 20, shell: false });
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
