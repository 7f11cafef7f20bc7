import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileApiKeyStore } from './file-store.js';
import { KeyManager } from './key-manager.js';
import { loadLibsql } from './sqlite/libsql.js';
import { SqliteApiKeyStore } from './sqlite/index.js';

const TESTS = join(import.meta.dirname, '..', 'test');
const open = {
  file: (path: string) => new FileApiKeyStore(path),
  sqlite: (path: string) => new SqliteApiKeyStore(path),
};

let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mcli-processes-'))));
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});
const path = () => join(folder, 'keys');

describe.each(['file', 'sqlite'] as const)('A %s store whose process is killed', (kind) => {
  it('has every key that was acknowledged, revoked ones as such, and takes new ones', async () => {
    const acknowledged = new Map<string, { key: string; state: string }>();
    for (let round = 1; round <= 4; round++) {
      const child = run('create-keys.mjs', kind, path(), 'Infinity');
      const lines = linesOf(child);
      await enough(lines, 20 * round);
      if (kind === 'file') expect(() => open.file(path())).toThrow(expect.objectContaining({ code: 'locked' }));
      child.kill('SIGKILL');
      await once(child, 'close');
      for (const line of lines) {
        const [state = '', id = '', key = ''] = line.split(' ');
        acknowledged.set(id, { key, state });
      }

      const keys = new KeyManager(open[kind](path()));
      for (const [id, { key, state }] of acknowledged) {
        const verdict = await keys.verify(key);
        if (verdict.ok && state === 'created') continue;
        expect([id, verdict]).toEqual([id, { ok: false, reason: 'revoked' }]);
        // The last key may be revoked already, though nobody heard of it.
        if (state === 'created') expect(id).toBe([...acknowledged.keys()].at(-1));
        acknowledged.set(id, { key, state: 'revoked' });
      }
      expect((await keys.list()).length).toBeGreaterThanOrEqual(acknowledged.size);
      const { key } = await keys.create({ name: 'after the crash' });
      expect(await keys.validateKey(key)).toBe(true);
      await keys.close();
    }
    expect(acknowledged.size).toBeGreaterThan(100);
  }, 60_000);
});

describe('SqliteApiKeyStore', () => {
  it('is made and filled by four processes at once, and loses nothing', async () => {
    const writers = Array.from({ length: 4 }, () => run('create-keys.mjs', 'sqlite', path(), '30'));
    const outputs = await Promise.all(
      writers.map(async (child) => {
        const lines = linesOf(child);
        expect(await once(child, 'close')).toEqual([0, null]);
        return lines;
      }),
    );
    const created = outputs.flat().filter((line) => line.startsWith('created'));
    expect(created.length).toBe(120);
    const store = open.sqlite(path());
    const ids = new Set((await store.list()).map(({ id }) => id));
    expect(ids).toEqual(new Set(created.map((line) => line.split(' ')[1])));
    await store.close();
    const database = new (loadLibsql())(path());
    expect(database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    database.close();
  }, 60_000);

  it('refuses a key from the moment that another process revoked it', async () => {
    const keys = new KeyManager(open.sqlite(path()));
    const { key, record } = await keys.create({ name: 'a' });
    expect(await keys.validateKey(key)).toBe(true);
    const child = run('revoke-key.mjs', path(), record.id);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await keys.verify(key)).toEqual({ ok: false, reason: 'revoked' });
    await keys.close();
  }, 60_000);

  it('says what to install when libsql is missing, and only then', async () => {
    const child = run('without-libsql.mjs');
    const lines = linesOf(child);
    await once(child, 'close');
    expect(lines).toEqual([expect.stringContaining('npm install libsql')]);
  }, 60_000);
});

function run(script: string, ...args: string[]): ChildProcess {
  const loader = join(TESTS, 'load-typescript.mjs');
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = spawn(process.execPath, ['--import', loader, join(TESTS, script), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  return child;
}

/** The whole lines that a process has written so far. */
function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return lines;
}

async function enough(lines: readonly string[], count: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (lines.length < count) {
    if (Date.now() > deadline) throw new Error(`Only ${lines.length} of ${count} lines came.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
