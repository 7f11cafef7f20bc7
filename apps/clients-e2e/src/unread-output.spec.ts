import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { cleanEnvironment, mcli, temporaryHome } from './testing/mcli.js';

const program = resolve(import.meta.dirname, '../../cli/bin/mcli.js');

describe('mcli, when nobody reads its output,', () => {
  const home = temporaryHome();
  beforeAll(async () => void (await mcli(home.path, ['key', 'create', '--name', 'a'])));
  afterAll(() => home.remove());

  it('ends a list quietly', async () => {
    expect(await unread(['key', 'list'])).toEqual({ code: 0, stderr: '' });
  });

  it('says in one line that a key which nobody saw is lost', async () => {
    const { code, stderr } = await unread(['key', 'create', '--json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mcli: The key .* is lost: .*mcli key revoke \w+.*\n$/);
  });

  async function unread(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
    const child = spawn(process.execPath, [program, ...args], {
      env: cleanEnvironment(home.path),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stderr };
  }
});
