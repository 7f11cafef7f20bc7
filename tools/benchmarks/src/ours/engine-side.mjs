// mcli's engine without a server, measured in a process of its own.
import { Engine } from '@mcli/inference';
import { loadOnnxRunner } from '@mcli/inference/onnx';
import { smollm2 } from '@mcli/model-smollm2';
import { serveSide } from '../serve-side.mjs';
import { resolveModel } from './bare-runner.mjs';

/** @type {Engine} */
let engine;
let tokenizer;

serveSide({
  /** Says whether drafts can be made at all. */
  async load({ directory, threads, context, slots, drafts }) {
    const { path } = await resolveModel(directory);
    const runner = await loadOnnxRunner({ id: smollm2.id, directory: path, threads, context, slots });
    tokenizer = runner.tokenizer;
    engine = new Engine(runner, { slots: runner.slots, ...(drafts === undefined ? {} : { drafts }) });
    return { slots: runner.slots, longestDraft: runner.longestDraft ?? 0, endTokens: [...tokenizer.endTokens] };
  },

  tokenize: ({ text }) => tokenizer.encode(text),

  /** Serves all requests at once. */
  async generate({ requests }) {
    const started = performance.now();
    const answers = await Promise.all(requests.map((request) => collect(request)));
    return { ms: performance.now() - started, answers };
  },
});

async function collect(request) {
  const started = performance.now();
  let firstMs;
  let text = '';
  for await (const event of engine.generate({ model: smollm2.id, ...request })) {
    if (event.type === 'start') continue;
    firstMs ??= performance.now() - started;
    if (event.type === 'text-delta') text += event.text;
    else return { firstMs, ms: performance.now() - started, text, usage: event.usage };
  }
  throw new Error('The generation ended without an end.');
}
