import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaContext } from '../llama-context.js';
import type { LlamaModel } from '../llama-model.js';
import { loadLlamaCpp } from '../load-llama-cpp.js';
import type { TinyArchitectureName } from './tiny-architecture.js';
import type { TinyGgufOptions } from './write-tiny-gguf.js';
import { writeTinyGguf } from './write-tiny-gguf.js';

/** A folder of tiny models, and what was loaded of them. */
export class TinyModels {
  readonly folder: string;
  readonly #models: LlamaModel[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<TinyModels> {
    return new TinyModels(await mkdtemp(join(tmpdir(), 'mcli-llama-cpp-')));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a model's file and loads it. */
  async load(architecture: TinyArchitectureName, options: TinyGgufOptions = {}): Promise<LlamaModel> {
    const path = this.path(`${architecture}-${this.#models.length}.gguf`);
    await writeTinyGguf(path, architecture, options);
    const model = await (await loadLlamaCpp()).loadModel(path);
    this.#models.push(model);
    return model;
  }

  /** Disposes of what was loaded and deletes the folder. */
  async remove(): Promise<void> {
    await Promise.all(this.#models.map((model) => model.dispose()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Some tokens that are no control tokens of the tiny vocabularies; other seeds, other tokens. */
export function someTokens(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, at) => 20 + ((seed * 101 + at * 37 + ((at * at) % 11)) % 200));
}

/**
 * Appends tokens to a sequence, in as many batches as they need.
 *
 * @returns a copy of the logits after the last one
 */
export async function append(
  context: LlamaContext,
  tokens: readonly number[],
  sequence = 0,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const batch = context.createBatch();
  const start = (context.rangeOf(sequence)?.last ?? -1) + 1;
  let index = 0;
  for (const [at, token] of tokens.entries()) {
    if (batch.length === batch.capacity) {
      await context.decode(batch, signal);
      batch.clear();
    }
    index = batch.add(token, start + at, sequence, at === tokens.length - 1);
  }
  await context.decode(batch, signal);
  return context.logitsAt(index).slice();
}

/** The largest difference between numbers of two lists; NaN when they are not as many. */
export function distance(received: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (received.length !== expected.length) return NaN;
  return Math.max(...Array.from(received, (value, at) => Math.abs(value - (expected[at] ?? NaN))));
}
