import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { BuiltModel } from '@mcli/model-builder';
import type { Runtime, SessionOptions } from '@mcli/ort';
import { measureAttention, useFlashAttention } from '@mcli/ort';

/** What was measured for a build, kept beside it. */
interface Choice {
  /** What it was measured on; on another machine it is measured again. */
  readonly machine: string;
  readonly flashAttention: boolean;
}

/** New positions of a measurement, and those that are there already. */
const fresh = 256;
const past = 512;

/**
 * Chooses the form of attention that reads prompts faster on this machine: a short measurement of one layer's attention, the
 * first time, whose result is kept with the build. It counts for the sessions that are created afterwards.
 */
export async function chooseAttention(runtime: Runtime, built: BuiltModel, options: SessionOptions): Promise<void> {
  const path = join(built.directory, 'attention.json');
  const machine = `${process.arch} ${cpus()[0]?.model ?? ''} ${runtime.version} ${options.threads ?? 'default'}`;
  const known = await readChoice(path);
  if (known?.machine === machine) {
    useFlashAttention(known.flashAttention);
    return;
  }
  if (built.manifest.contextLength < past + fresh || !useFlashAttention(true)) return;
  const { heads, kvHeads, headSize } = built.manifest;
  const load = { heads, kvHeads, headSize, fresh, past, threads: options.threads };
  const tiles = await measureAttention(runtime, load);
  useFlashAttention(false);
  const whole = await measureAttention(runtime, load);
  const flashAttention = tiles < whole;
  useFlashAttention(flashAttention);
  const choice: Choice = { machine, flashAttention };
  // A folder that can't be written costs the same measurement next time.
  await writeFile(path, `${JSON.stringify(choice)}\n`).catch(() => undefined);
}

async function readChoice(path: string): Promise<Choice | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Choice;
  } catch {
    return undefined;
  }
}
