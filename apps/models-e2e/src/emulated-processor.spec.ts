import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExtremeProducts } from '@mcli/model-builder/testing';

/** What `answer-tiny.mjs` prints. */
interface Answers {
  readonly saturates: boolean;
  readonly exact: boolean;
  readonly integers: string;
  readonly answers: Readonly<Record<string, readonly string[]>>;
  readonly alike: Readonly<Record<string, boolean>>;
  readonly refused?: string | undefined;
}

/** What `answer-llama.mjs` prints: answers in hexadecimal. */
interface LlamaAnswers {
  readonly answers: Readonly<Record<string, readonly string[]>>;
}

/** What `multiply-extremes.mjs` prints. */
interface Products {
  readonly integers: string;
  readonly forms: Readonly<Record<string, ExtremeProducts>>;
  /** Of a matrix of int8, whatever this machine multiplies exactly. */
  readonly int8Rows: ExtremeProducts;
}

const emulator = 'qemu-x86_64';
const hasEmulator = spawnSync(emulator, ['--version']).status === 0;
const canEmulate = hasEmulator && process.platform === 'linux' && process.arch === 'x64';

describe('a tiny model, built, loaded and answering in one process', () => {
  let here: Answers;

  beforeAll(() => {
    here = run<Answers>([], 'answer-tiny.mjs');
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
        const there = run<Answers>([emulator, '-cpu', processor], 'answer-tiny.mjs');

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

describe('extreme values, multiplied', () => {
  it('give exact sums in the forms of a build', () => {
    const { integers, forms, int8Rows } = run<Products>([], 'multiply-extremes.mjs');
    for (const { worst } of Object.values(forms)) expect(worst).toBeLessThan(1e-5);
    if (integers === 'int8') expect(int8Rows.worst).toBeLessThan(1e-5);
    else expect(int8Rows.worst).toBeGreaterThan(0.1);
  }, 120_000);

  // Of blocks of 32, Haswell's kernel adds integers, with room for every sum; Nehalem's adds floating-point numbers.
  const processors = [
    ['Haswell', true],
    ['Nehalem', false],
  ] as const;

  if (!canEmulate) it.skip.each(processors)('give exact sums on an emulated %s', () => undefined);
  else {
    it.each(processors)(
      'give exact sums on an emulated %s',
      (processor, saturates) => {
        const { integers, forms, int8Rows } = run<Products>([emulator, '-cpu', processor], 'multiply-extremes.mjs');
        for (const { worst } of Object.values(forms)) expect(worst).toBeLessThan(1e-5);
        expect(forms['block32']?.rounds).toBe(saturates);
        expect(integers).toBe(saturates ? 'uint8' : 'int8');
        if (saturates) expect(int8Rows.worst).toBeGreaterThan(0.1); // or these values aren't extreme enough
      },
      240_000,
    );
  }
});

// llama.cpp has a library for each level of processors: other code, and the same answers but for near ties.
describe('tiny GGUF files on llama.cpp', () => {
  const processors = ['Haswell', 'Nehalem'] as const;

  if (!canEmulate) it.skip.each(processors)('give the same answers on an emulated %s', () => undefined);
  else {
    it.each(processors)(
      'give the same answers on an emulated %s',
      (processor) => {
        const there = run<LlamaAnswers>([emulator, '-cpu', processor], 'answer-llama.mjs');
        expect(there).toEqual(run<LlamaAnswers>([], 'answer-llama.mjs'));
      },
      240_000,
    );
  }
});

/** Runs a program of `testing` in a process of its own, behind an emulator or not. */
function run<Result>(before: readonly string[], name: string): Result {
  const folder = mkdtempSync(join(tmpdir(), 'mcli-processor-'));
  try {
    const program = join(import.meta.dirname, 'testing', name);
    const [command = '', ...args] = [...before, process.execPath, program, folder];
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const { stdout, stderr, status } = spawnSync(command, args, {
      env: { ...environment, ORT_DISABLE_TELEMETRY: '1' },
      encoding: 'utf8',
      timeout: 200_000,
    });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(-2000)}`);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
