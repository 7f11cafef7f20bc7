import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const examples = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), ([, code = '']) => code);

let folder: string;
beforeAll(() => {
  // Inside the project, so that packages are found.
  mkdirSync(join(ROOT, 'test-output'), { recursive: true });
  folder = mkdtempSync(join(ROOT, 'test-output', 'readme-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README', () => {
  it('has five examples', () => {
    expect(examples.length).toBe(5);
  });

  it('makes, checks and revokes a key in memory', async () => {
    const lines = await run(exampleWith('revoked'));
    expect(lines[0]).toMatch(/^mcli_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(lines.at(-1)).toBe("{ ok: false, reason: 'revoked' }");
  });

  it('takes in keys that callers have already', async () => {
    const output = (await run(exampleWith('addKey'))).join('\n');
    expect(output).toMatch(/^true\n/);
    expect(output).toContain("name: 'old client'");
    expect(output).toContain('usageCount: 1');
    expect(output).not.toContain('a-key-they-have-already');
  });

  it('guards an Express app', async () => {
    const lines = await run(`${exampleWith('app.listen').replace('app.listen(3000)', 'app.listen(0, "127.0.0.1")')}
      import { once } from 'node:events';
      await once(server, 'listening');
      for (const credential of [key, 'a-key-from-your-configuration', 'wrong']) {
        const url = 'http://127.0.0.1:' + server.address().port + '/hello';
        const response = await fetch(url, { headers: { authorization: 'Bearer ' + credential, connection: 'close' } });
        console.log(response.status);
      }
      server.close();`);
    expect(lines).toEqual(['200', '200', '401']);
  });

  it('keeps keys in SQLite', async () => {
    expect(await run(exampleWith('SqliteApiKeyStore'))).toEqual(['true']);
  });

  it('has a contract for stores of your own', async () => {
    const lines = await run(`
      const describe = (title, tests) => tests();
      const it = (title) => console.log(title);
      const expect = () => undefined;
      ${exampleWith('apiKeyStoreContract')}`);
    expect(lines).toContain('finds what was inserted, field by field');
    expect(lines.length).toBeGreaterThan(30);
  });
});

function exampleWith(word: string): string {
  const found = examples.find((example) => example.includes(word));
  if (found === undefined) throw new Error(`No example in the README has '${word}'.`);
  return found;
}

/** Runs an example as a program of its own and returns the lines it printed. */
async function run(code: string): Promise<readonly string[]> {
  const file = join(mkdtempSync(join(folder, 'example-')), 'example.ts');
  writeFileSync(file, code);
  const loader = join(ROOT, 'test', 'load-typescript.mjs');
  const env = { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@mcli/source', '--import', loader, file],
    { cwd: join(file, '..'), env, timeout: 30_000 },
  );
  return stdout.trim().split('\n');
}
