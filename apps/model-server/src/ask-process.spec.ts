import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { askProcess } from './ask-process.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcli-ask-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('askProcess', () => {
  it('gives what the program answers, and ends it', async () => {
    const module = program(
      'answers',
      `process.once('message', ({ question }) => process.send({ answer: { pid: process.pid, twice: question * 2 } }));
       setInterval(() => undefined, 1000);`,
    );
    const { pid, twice } = await askProcess<{ pid: number; twice: number }>(module, 21, 30_000);
    expect(twice).toBe(42);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it.each([
    [
      'gives a reason',
      `process.once('message', () => process.send({ reason: 'no such driver' }));`,
      /^no such driver$/,
    ],
    ['crashes', `process.kill(process.pid, 'SIGKILL'); setInterval(() => undefined, 1000);`, /signal SIGKILL/],
    ['ends', `process.exit(3);`, /exit code 3/],
    ['does not load', `import 'no-such-module';`, /exit code 1/],
  ])('throws when the program %s', async (title, source, message) => {
    await expect(askProcess(program(title.replaceAll(' ', '-'), source), 1, 30_000)).rejects.toThrow(message);
  });

  it('waits no longer than it may, and leaves no process behind', async () => {
    const pidFile = join(folder, 'pid');
    const module = program(
      'hangs',
      `import { writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
       for (;;);`,
    );
    await expect(askProcess(module, 1, 500)).rejects.toThrow('did not answer within 0.5 s');
  });
});

function program(name: string, source: string): URL {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, source);
  return pathToFileURL(path);
}
