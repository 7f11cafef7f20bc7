// One of mcli's engines without a server, measured in a process of its own.
import { Engine } from '@mcli/inference';
import { serveSide } from '../serve-side.mjs';
import { loadRunner } from './load-runner.mjs';
import { StepLog } from './step-log.mjs';

/** Tokens that are written at most beyond those that are counted: sequences begin one after the other. */
const mostSpare = 256;

const steps = new StepLog();
/** @type {Engine} */
let engine;
let tokenizer;
let id;
let prompts = 0;
/** How many such tokens were needed last, by the kind of work. */
const spares = new Map();

serveSide({
  /** Says whether drafts can be made at all. */
  async load({ engine: name, model, drafts, ...options }) {
    const runner = await loadRunner(name, model, options);
    id = model.id;
    tokenizer = runner.tokenizer;
    engine = new Engine(runner, { slots: runner.slots, drafts, trace: steps });
    return { slots: runner.slots, longestDraft: runner.longestDraft, endTokens: [...tokenizer.endTokens] };
  },

  tokenize: ({ text }) => tokenizer.encode(text),

  /** Milliseconds from a request until the first token behind `tokens` is written. */
  async prefill({ tokens }) {
    const started = performance.now();
    const { usage } = await write({ prompt: tokens, maxTokens: 1, cacheScope: `prompt-${prompts++}` });
    const ms = performance.now() - started;
    if (usage.cachedTokens > 0) throw new Error('A prompt was found in the cache.');
    return { ms };
  },

  /** Milliseconds that writing `count` tokens behind `tokens` takes, for each of `sequences` at once. */
  async decode({ sequences, tokens, count }) {
    const scopes = Array.from({ length: sequences }, (_, at) => `writer-${at}`);
    const kind = `${sequences} ${tokens.length}`;
    for (let spare = spares.get(kind) ?? sequences - 1; spare <= mostSpare; spare = 2 * spare + 1) {
      steps.clear();
      const maxTokens = 1 + count + spare;
      await Promise.all(scopes.map((cacheScope) => write({ prompt: tokens, maxTokens, cacheScope })));
      spares.set(kind, spare);
      const ms = steps.writing(sequences, count);
      if (ms !== undefined) return { ms };
    }
    throw new Error(`There were no ${count} steps in which ${sequences} sequences wrote.`);
  },

  /** Serves all requests at once. */
  async generate({ requests }) {
    steps.clear();
    const started = performance.now();
    const answers = await Promise.all(requests.map((request) => collect(request)));
    return { ms: performance.now() - started, answers };
  },
});

/** The likeliest tokens, as many as are asked for: the model can't end. */
function write(request) {
  const logitBias = Object.fromEntries([...tokenizer.endTokens].map((token) => [token, -100]));
  return collect({ ...request, sampling: { temperature: 0, logitBias } });
}

async function collect(request) {
  const started = performance.now();
  let firstMs;
  let text = '';
  for await (const event of engine.generate({ model: id, ...request })) {
    if (event.type === 'start') continue;
    firstMs ??= performance.now() - started;
    if (event.type === 'text-delta') text += event.text;
    else return { firstMs, ms: performance.now() - started, text, usage: event.usage };
  }
  throw new Error('The generation ended without an end.');
}
