import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const output = join(root, 'apps', 'models-e2e', 'test-output');
const listens = 'app.listen(3000, () => console.log(`OPENAI_API_KEY=${key}`));';

describe("The README's own Express app", () => {
  let folder: string;
  let child: ChildProcess | undefined;

  beforeAll(() => {
    // Inside the project, so that packages are found.
    mkdirSync(output, { recursive: true });
    folder = mkdtempSync(join(output, 'readme-'));
  });

  afterAll(async () => {
    if (child && child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('builds the embedded model and answers who has the key', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const examples = Array.from(readme.matchAll(/```js\n(.*?)```/gs), ([, code = '']) => code);
    const example = examples.find((code) => code.includes(listens)) ?? '';
    expect(example).toContain('createOpenAIRouter(');

    // One string: console.log colours a number where FORCE_COLOR is set.
    const anyPort = "const server = app.listen(0, '127.0.0.1', () => console.log(`${server.address().port} ${key}`));";
    writeFileSync(join(folder, 'main.ts'), example.replace(listens, anyPort));
    const typescript = join(root, 'tools', 'jest', 'compile-typescript.mjs');
    child = spawn(process.execPath, ['--conditions=@mcli/source', '--import', typescript, 'main.ts'], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string];
    const [port, key] = line.split(' ');

    const ask = (credential: string) =>
      fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'smollm2-135m-instruct',
          messages: [{ role: 'user', content: 'What is the capital of France? Answer with one word.' }],
          temperature: 0,
        }),
      });
    const answer = await ask(key ?? '');
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await answer.json())).toContain('Paris');
    expect((await ask('mcli_wrong')).status).toBe(401);
  }, 120_000);
});
