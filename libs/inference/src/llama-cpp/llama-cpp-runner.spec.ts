import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTinyGguf } from '@mcli/llama-cpp/testing';
import type { TinyArchitectureName } from '@mcli/llama-cpp/testing';
import { Engine } from '../engine/engine.js';
import { backendContract, runnerContract } from '../testing/index.js';
import { loadLlamaCppRunner } from './load-llama-cpp-runner.js';
import type { LoadLlamaCppRunnerOptions } from './load-llama-cpp-runner.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-llama-runner-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A runner of a tiny model with 4 slots of 96 positions. */
async function load(name: TinyArchitectureName, options: Partial<LoadLlamaCppRunnerOptions> = {}) {
  const path = join(folder, `${name}.gguf`);
  await writeTinyGguf(path, name);
  const settings = { id: 'tiny', path, threads: 1, context: 96, slots: 4, ...options };
  return (await loadLlamaCppRunner(settings)).runner;
}

const tokens = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, at) => 20 + ((seed * 101 + at * 37 + ((at * at) % 11)) % 200));

/** How many tokens are computed together decides how the library rounds; the logits of the tiny models are up to 30. */
const tolerance = 0.25;

describe.each<TinyArchitectureName>(['llama', 'gemma3', 'qwen3moe', 'mamba', 'lfm2'])(
  'LlamaCppRunner of a %s',
  (name) => {
    runnerContract({ it, expect }, () => load(name), { tolerance, tokens });
  },
);

describe('LlamaCppRunner that computes few tokens at once, and checks drafts', () => {
  runnerContract({ it, expect }, () => load('llama', { longestChunk: 7, drafts: true, slots: 3 }), {
    tolerance,
    tokens,
  });
});

describe('LlamaCppRunner with an 8-bit cache', () => {
  // The cache rounds each position alike, whoever computes it.
  const kvCacheBytes = 4 * 96 * (2 * 2 * 32 * 2) * (34 / 32);
  runnerContract({ it, expect }, () => load('llama', { kvCacheBytes }), { tolerance, tokens });
});

describe('Engine over LlamaCppRunner', () => {
  backendContract({ it, expect }, async () => new Engine(await load('llama', { context: 128, slots: 2 })));
});
