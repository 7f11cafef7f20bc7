import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { BuiltModel } from '@mcli/model-builder';
import type { Runtime, SessionOptions } from '@mcli/ort';
import { useFlashAttention } from '@mcli/ort';
import { GraphPass } from './graph-pass.js';
import { KvPool, cacheSuffixes } from './kv-pool.js';
import { bindFresh, createReadingSession } from './reading-session.js';

/** What was measured for a build, kept beside it. */
interface Choice {
  /** What it was measured on; on another machine it is measured again. */
  readonly machine: string;
  readonly flashAttention: boolean;
}

/** New positions of a measurement, and those that are there already. */
const fresh = 256;
const past = 512;
const rounds = 2;

/**
 * Chooses the form of attention that reads prompts faster on this machine: a short measurement, the first time, whose
 * result is kept with the build. It counts for the sessions that are created afterwards.
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
  const tiles = await measure(runtime, built, options);
  useFlashAttention(false);
  const whole = await measure(runtime, built, options);
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

/** Milliseconds of the fastest of a few passes. */
async function measure(runtime: Runtime, { manifest, readPath }: BuiltModel, options: SessionOptions): Promise<number> {
  const session = await createReadingSession(runtime, readPath, options);
  const { layers, kvHeads, headSize, vocabularySize } = manifest;
  const pool = new KvPool(runtime, { layers, kvHeads, headSize, slots: 1, positions: past + fresh, type: 'float32' });
  const pass = new GraphPass(runtime, session, { rows: 1, tokens: fresh, vocabularySize });
  const binding = pool.bindingOf(session, 0, 1);
  const room = cacheSuffixes(layers).map(() => runtime.allocate('int8', [kvHeads, fresh, headSize]));
  bindFresh(binding, room, manifest, fresh);
  const tokens = Array.from({ length: fresh }, (_, at) => (at * 131) % vocabularySize);
  let fastest = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await pass.run({ binding, count: 1, tokens, lengths: [past + fresh], wanted: [[0, 0]] }, undefined);
    fastest = Math.min(fastest, performance.now() - started);
  }
  pool.dispose();
  await session.dispose();
  return fastest;
}
