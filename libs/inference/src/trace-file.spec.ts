import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTraceFile } from './trace-file.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcli-trace-'));
  path = join(folder, 'trace.json');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('createTraceFile', () => {
  it('writes slices and spans as the format wants them', () => {
    const file = createTraceFile(path, { name: 'small' });
    file.event({ type: 'slice', category: 'step', name: 'step', atMs: 1, durationMs: 0.25, counts: { rows: 2 } });
    file.event({ type: 'begin', category: 'request', name: 'queued', atMs: 2, id: 7 });
    file.event({ type: 'end', category: 'request', name: 'queued', atMs: 3.5, id: 7 });
    file.close();

    const entries = parse(readFileSync(path, 'utf8'));
    const { pid } = process;
    expect(entries.filter(({ ph }) => ph === 'M').map(({ args }) => args?.['name'])).toEqual([
      'steps',
      'operators',
      'requests',
      'small',
    ]);
    const [slice, begin, end] = entries.filter(({ ph }) => ph !== 'M');
    expect(slice).toMatchObject({ ph: 'X', name: 'step', cat: 'step', dur: 250, pid, args: { rows: 2 } });
    expect(begin).toMatchObject({ ph: 'b', name: 'queued', cat: 'request', id2: { local: '7' }, pid });
    expect(end).toMatchObject({ ph: 'e', name: 'queued', cat: 'request', id2: { local: '7' }, pid });
    expect(Number(end?.['ts']) - Number(begin?.['ts'])).toBe(1500);
    expect(Math.abs(Number(slice?.['ts']) / 1000 - performance.timeOrigin)).toBeLessThan(10);
  });

  it('ignores what comes after it was closed', () => {
    const file = createTraceFile(path);
    file.close();
    file.event({ type: 'slice', category: 'step', name: 'late', atMs: 1 });
    file.close();
    expect(readFileSync(path, 'utf8')).not.toContain('late');
  });

  it('is complete when the process ends by itself', async () => {
    await runChild('process.exit(0)');
    expect(countSteps(parse(readFileSync(path, 'utf8')))).toBe(5000);
  });

  it('lacks little more than the bracket when the process is killed, and the next one goes on', async () => {
    await runChild("process.kill(process.pid, 'SIGKILL')");
    const left = readFileSync(path, 'utf8');
    const count = countSteps(parse(`${left}]`));
    expect(count).toBeGreaterThan(1000);

    createTraceFile(path, { name: 'again' }).close();
    const entries = parse(readFileSync(path, 'utf8'));
    expect(countSteps(entries)).toBe(count);
    expect(entries.at(-1)).toMatchObject({ name: 'process_name', args: { name: 'again' } });
  });

  it('goes on after a complete trace, and after half an event', () => {
    for (const rest of ['', '', ',\n{"name":"ha']) {
      createTraceFile(path).close();
      if (rest !== '') writeFileSync(path, readFileSync(path, 'utf8').replace(/\n\]\n$/, rest));
    }
    createTraceFile(path).close();
    expect(parse(readFileSync(path, 'utf8'))).toHaveLength(4 * 3);

    writeFileSync(path, '[\n{"name":"thr');
    createTraceFile(path).close();
    expect(parse(readFileSync(path, 'utf8'))).toHaveLength(3);
  });

  it('leaves a file alone that is no trace', () => {
    for (const content of ['dear diary', '[1,2,3]', '{"traceEvents":[]}']) {
      writeFileSync(path, content);
      expect(() => createTraceFile(path)).toThrow('is no trace');
      expect(readFileSync(path, 'utf8')).toBe(content);
    }
    expect(() => createTraceFile(join(folder, 'missing', 'trace.json'))).toThrow('ENOENT');
  });

  it('begins anew in an empty file', () => {
    appendFileSync(path, '');
    createTraceFile(path).close();
    expect(parse(readFileSync(path, 'utf8'))).toHaveLength(3);
  });
});

type Entry = Readonly<Record<string, unknown>> & { readonly args?: Readonly<Record<string, unknown>> };

function parse(text: string): readonly Entry[] {
  return JSON.parse(text) as readonly Entry[];
}

function countSteps(entries: readonly Entry[]): number {
  return entries.filter(({ name }) => name === 'step').length;
}

/** A process that writes 5,000 events to the file, then ends as it is told. */
async function runChild(end: string): Promise<void> {
  const project = join(import.meta.dirname, '..');
  const program = join(folder, 'program.mjs');
  const code = `
    import { createTraceFile } from ${JSON.stringify(join(import.meta.dirname, 'trace-file.ts'))};
    const file = createTraceFile(${JSON.stringify(path)});
    for (let atMs = 0; atMs < 5000; atMs += 1)
      file.event({ type: 'slice', category: 'step', name: 'step', atMs, durationMs: 1 });
    ${end};
  `;
  writeFileSync(program, code);
  const args = [
    '--conditions=@mcli/source',
    '--import',
    join(project, '..', '..', 'tools', 'jest', 'compile-typescript.mjs'),
    program,
  ];
  const env = { ...process.env, NODE_OPTIONS: '' };
  await promisify(execFile)(process.execPath, args, { env }).catch(() => undefined);
}
