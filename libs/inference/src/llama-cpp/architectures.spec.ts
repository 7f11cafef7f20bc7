import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyArchitectures, writeTinyGguf } from '@mcli/llama-cpp/testing';
import type { TinyArchitectureName, TinyGgufOptions } from '@mcli/llama-cpp/testing';
import { Engine } from '../engine/engine.js';
import type { Usage } from '../contract.js';
import type { LlamaCppRunner } from './llama-cpp-runner.js';
import { loadLlamaCppRunner } from './load-llama-cpp-runner.js';
import type { LoadLlamaCppRunnerOptions } from './load-llama-cpp-runner.js';

/** How many tokens are computed together decides how the library rounds; the logits of the tiny models are up to 30. */
const tolerance = 0.25;
/** Tokens of an answer. */
const length = 12;

const writers = (Object.keys(tinyArchitectures) as TinyArchitectureName[]).filter((name) => name !== 'bert');
const keepsState = (name: TinyArchitectureName): boolean => name === 'mamba' || name === 'lfm2';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-llama-architectures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A greedy answer: the logits that each of its tokens was chosen by, the tokens, and what it cost. */
interface Answer {
  readonly steps: readonly Float32Array[];
  readonly tokens: readonly number[];
  readonly usage: Usage;
}

/** An engine over a tiny model, which answers one prompt of tokens after another. */
async function start(
  name: TinyArchitectureName,
  options: Partial<LoadLlamaCppRunnerOptions> = {},
  file: TinyGgufOptions = {},
) {
  const path = join(folder, `${name}-${file.contextLength ?? ''}.gguf`);
  await writeTinyGguf(path, name, file);
  const settings = { id: 'tiny', path, threads: 1, slots: 1, ...options };
  const { runner } = await loadLlamaCppRunner(settings);
  const rows = recordRows(runner);
  const engine = new Engine(runner);
  const neverEnds = Object.fromEntries(Array.from(runner.tokenizer.endTokens, (token) => [token, -100]));
  return {
    engine,
    runner,
    answer: async (prompt: readonly number[]): Promise<Answer> => {
      rows.length = 0;
      let usage: Usage | undefined;
      const sampling = { temperature: 0, logitBias: neverEnds };
      for await (const event of engine.generate({ model: 'tiny', prompt, sampling, maxTokens: length }))
        if (event.type === 'end') usage = event.usage;
      if (!usage) throw new Error('unreachable');
      const steps = rows.slice(0, length);
      return { steps, usage, tokens: steps.map((logits) => best(logits, runner.tokenizer.endTokens)) };
    },
  };
}

/** Copies of all logits that a runner gives, in order. */
function recordRows(runner: LlamaCppRunner): Float32Array[] {
  const rows: Float32Array[] = [];
  const forward = runner.forward.bind(runner);
  runner.forward = async (items, signal) => {
    const results = await forward(items, signal);
    rows.push(...results.flat().map((logits) => Float32Array.from(logits)));
    return results;
  };
  return rows;
}

function best(logits: Float32Array, banned: ReadonlySet<number>): number {
  let token = -1;
  for (const [id, logit] of logits.entries())
    if (!banned.has(id) && (token < 0 || logit > (logits[token] ?? 0))) token = id;
  return token;
}

/**
 * Compares two answers step by step, up to where two tokens are about as likely and the answers part.
 *
 * @returns how many steps were the same
 */
function compare(received: Answer, expected: Answer): number {
  for (const [step, logits] of expected.steps.entries()) {
    const other = received.steps[step];
    const difference = Math.max(...logits.map((logit, token) => Math.abs(logit - (other?.[token] ?? NaN))));
    expect(difference).toBeLessThan(tolerance);
    const [chosen, alternative] = [expected.tokens[step] ?? -1, received.tokens[step] ?? -1];
    if (chosen === alternative) continue;
    expect((logits[chosen] ?? NaN) - (logits[alternative] ?? NaN)).toBeLessThan(2 * tolerance);
    return step;
  }
  return expected.steps.length;
}

const someTokens = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, at) => 20 + ((seed * 101 + at * 37 + ((at * at) % 11)) % 200));

describe.each(writers)('%s', (name) => {
  it('answers the same with what was read before and without, as far as no two tokens are about as likely', async () => {
    const warm = await start(name);
    const cold = async (prompt: readonly number[]): Promise<Answer> => {
      const { engine, answer } = await start(name);
      const result = await answer(prompt);
      await engine.close();
      expect(result.usage.cachedTokens).toBe(0);
      return result;
    };
    const counts: number[] = [];
    for (const seed of [1, 2, 3]) {
      const prompt = someTokens(60, seed);
      const first = await warm.answer(prompt);
      expect([first.usage.cachedTokens, first.tokens.length]).toEqual([0, length]);
      const whole = [...prompt, ...first.tokens];

      // What was read and written is continued.
      const next = [...whole, ...someTokens(9, 4)];
      const second = await warm.answer(next);
      expect(second.usage).toMatchObject({ promptTokens: next.length, cachedTokens: whole.length - 1 });
      counts.push(compare(second, await cold(next)));

      // Only its beginning is shared: it is cut back where that can be.
      const other = [...prompt.slice(0, 40), ...someTokens(20, 5)];
      const third = await warm.answer(other);
      expect(third.usage.cachedTokens).toBe(keepsState(name) ? 0 : 40);
      counts.push(compare(third, await cold(other)));
    }
    expect(Math.max(...counts)).toBe(length);
    // Some part early, where two tokens are about as likely.
    expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThan(3 * length);
    await warm.engine.close();
  });
});

describe('a model with a sliding window', () => {
  it.each(['gemma2', 'gemma3'] as const)(
    'answers right when it is cut back after its context has grown: %s',
    async (name) => {
      const file = { contextLength: 2048 };
      const warm = await start(name, { context: 2048 }, file);
      const check = async (prompt: readonly number[], cachedTokens: number): Promise<void> => {
        const received = await warm.answer(prompt);
        expect(received.usage.cachedTokens).toBe(cachedTokens);
        const fresh = await start(name, { context: 2048 }, file);
        expect(compare(received, await fresh.answer(prompt))).toBeGreaterThan(0);
        await fresh.engine.close();
      };
      const prompt = someTokens(900, 1);
      await check(prompt, 0);
      // It grows, and goes on.
      const longer = [...prompt, ...someTokens(300, 2)];
      await check(longer, 900);
      // What is needed of the window is gone: all is read again. Then it can be cut back again.
      await check([...prompt.slice(0, 700), ...someTokens(30, 3)], 0);
      await check([...prompt.slice(0, 600), ...someTokens(30, 4)], 600);
      await warm.engine.close();
    },
  );
});

describe('drafts', () => {
  /** Repeats itself, so that what follows can be looked up. */
  const prompt = Array.from({ length: 8 }, () => someTokens(9, 1)).flat();

  it('are not taken unless asked for', async () => {
    const { engine, runner, answer } = await start('llama');
    await answer(prompt);
    expect([runner.longestDraft, engine.stats().draftedTokens]).toEqual([0, 0]);
    await engine.close();
  });

  it('are checked where they are asked for, and change no text but where two tokens are about as likely', async () => {
    const [plain, drafting] = [await start('llama'), await start('llama', { drafts: true })];
    expect(drafting.runner.longestDraft).toBe(16);
    const texts = async ({ engine, runner }: typeof plain): Promise<string> => {
      const bias = Object.fromEntries(Array.from({ length: runner.vocabularySize }, (_, token) => [token, -100]));
      // Few letters that are far apart: the model repeats itself.
      const logitBias = { ...bias, 60: 0, 61: 8, 62: 0 };
      let text = '';
      for await (const event of engine.generate({
        model: 'tiny',
        prompt,
        sampling: { temperature: 0, logitBias },
        maxTokens: 60,
      }))
        if (event.type === 'text-delta') text += event.text;
      return text;
    };
    const [expected, received] = [await texts(plain), await texts(drafting)];
    expect(drafting.engine.stats().draftedTokens).toBeGreaterThan(0);
    expect(drafting.engine.stats().acceptedTokens).toBeGreaterThan(0);
    expect(received).toBe(expected);
    await plain.engine.close();
    await drafting.engine.close();
  });

  it.each(['mamba', 'lfm2'] as const)('are never taken by a model that keeps a state: %s', async (name) => {
    const { engine, runner } = await start(name, { drafts: true });
    expect(runner.longestDraft).toBe(0);
    await engine.close();
  });
});
