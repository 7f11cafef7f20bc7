import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `answer-tiny.mjs` prints. */
interface Answers {
  readonly saturates: boolean;
  readonly exact: boolean;
  readonly integers: string;
  readonly answers: Readonly<Record<string, readonly string[]>>;
  readonly alike: Readonly<Record<string, boolean>>;
  readonly refused?: string | undefined;
}

const emulator = 'qemu-x86_64';
const hasEmulator = spawnSync(emulator, ['--version']).status === 0;
const canEmulate = hasEmulator && process.platform === 'linux' && process.arch === 'x64';

describe('a tiny model, built, loaded and answering in one process', () => {
  let here: Answers;

  beforeAll(() => {
    here = run([]);
  }, 120_000);

  it('computes exactly, and alone as in company, in every form and way to the runtime', () => {
    expect(here.exact).toBe(true);
    expect(Object.keys(here.answers)).toHaveLength(5);
    expect(Object.values(here.alike)).toEqual([true, true, true, true, true]);
    if (here.saturates) expect(here.refused).toMatch('Build it again');
  });

  // Haswell has AVX2 and no VNNI: products of int8 saturate. Nehalem has no AVX at all.
  const processors = [
    ['Haswell', true],
    ['Nehalem', false],
  ] as const;

  if (!canEmulate) {
    console.log(`Skipped: other processors need Linux on x64 with ${emulator} (Debian's package qemu-user).`);
    it.skip.each(processors)('gives the same answers on an emulated %s', () => undefined);
  } else {
    it.each(processors)(
      'gives the same answers on an emulated %s',
      (processor, saturates) => {
        const there = run([emulator, '-cpu', processor]);

        expect({ ...there, refused: undefined }).toEqual({
          saturates,
          exact: true,
          integers: saturates ? 'uint8' : 'int8',
          answers: here.answers,
          alike: here.alike,
        });
        if (saturates) expect(there.refused).toMatch('Build it again');
        else expect(there.refused).toBeUndefined();
      },
      240_000,
    );
  }
});

/** Runs `answer-tiny.mjs` in a process of its own, behind an emulator or not. */
function run(before: readonly string[]): Answers {
  const folder = mkdtempSync(join(tmpdir(), 'mcli-processor-'));
  try {
    const program = join(import.meta.dirname, 'testing', 'answer-tiny.mjs');
    const [command = '', ...args] = [...before, process.execPath, program, folder];
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const { stdout, stderr, status } = spawnSync(command, args, {
      env: { ...environment, ORT_DISABLE_TELEMETRY: '1' },
      encoding: 'utf8',
      timeout: 200_000,
    });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(-2000)}`);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
