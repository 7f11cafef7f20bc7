// The hot functions alone. A step at 8 streams should leave the event loop free: less than 2 ms of it.
import { createSampler, Engine, TextAssembler } from '@mcli/inference';
import { loadOnnxRunner } from '@mcli/inference/onnx';
import { smollm2 } from '@mcli/model-smollm2';
import { buildOnce } from '../ours/load-runner.mjs';
import { sampleText } from '../sample-text.mjs';
import { formatTable, formatValue } from '../table.mjs';
import { InstantRunner, randomLogits } from './instant-runner.mjs';
import { timeOf, toResult } from './measure.mjs';

/** `--micro` */
export async function runMicro({ progress }) {
  progress('sampler');
  const results = timeSamplers();
  progress('text assembler and tokenizer');
  results.push(...(await timeText()));
  progress('scheduler step');
  for (const [title, sampling] of [
    ['greedy', { temperature: 0 }],
    ['temperature 0.7, top p 0.9', { temperature: 0.7, topP: 0.9, seed: 1 }],
  ])
    results.push(await timeSteps(title, sampling));
  return { kind: 'micro', node: process.versions.node, results };
}

export function printMicro({ results }) {
  const columns = [
    { title: 'hot function' },
    ...['median', 'middle half', 'p99'].map((title) => ({ title, right: true })),
  ];
  const toRow = ({ name, unit, median, quarter, threeQuarters, p99 }) => [
    name,
    `${formatValue(median)} ${unit}`,
    `${formatValue(quarter)}–${formatValue(threeQuarters)}`,
    formatValue(p99),
  ];
  console.log(formatTable(columns, results.map(toRow)), '\n');
}

function timeSamplers() {
  const original = randomLogits();
  const logits = original.slice();
  const history = { promptLength: 2, tokens: [1, 2, 3, 4] };
  const kinds = {
    greedy: { temperature: 0 },
    'temperature 0.7': { temperature: 0.7, seed: 1 },
    'temperature 0.7, top p 0.9': { temperature: 0.7, topP: 0.9, seed: 1 },
    'temperature 0.7, top k 40': { temperature: 0.7, topK: 40, seed: 1 },
  };
  return Object.entries(kinds).map(([title, options]) => {
    const sampler = createSampler(options);
    return timeOf(`sampler, ${title}`, () => sampler.next(logits, history), { prepare: () => logits.set(original) });
  });
}

async function timeText() {
  const path = await buildOnce(smollm2);
  const runner = await loadOnnxRunner({ id: smollm2.id, directory: path, slots: 1, context: 256 });
  const { tokenizer } = runner;
  const text = sampleText(52_000);
  const tokens = tokenizer.encode(text);
  const assemble = (stops) => () => {
    const assembler = new TextAssembler(stops);
    for (const token of tokens) assembler.push(tokenizer.tokenBytes(token));
    assembler.flush();
  };
  const results = [
    timeOf('text assembler, a token', assemble([]), { rounds: 30, per: tokens.length }),
    timeOf('text assembler with 4 stop texts, a token', assemble(['\n\n\n', 'User:', '<|end|>', 'STOP']), {
      rounds: 30,
      per: tokens.length,
    }),
    timeOf(`tokenizer, ${tokens.length.toLocaleString('en-US')} tokens encoded`, () => tokenizer.encode(text), {
      rounds: 20,
    }),
  ];
  await runner.dispose();
  return results;
}

/** Eight streams through the engine with a runner that takes no time. */
async function timeSteps(title, sampling) {
  const engine = new Engine(new InstantRunner(), { slots: 8 });
  const times = [];
  for (let round = -2; round < 12; round++) {
    const before = engine.stats().steps;
    const started = performance.now();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const request = { model: 'instant', prompt: [65], maxTokens: 100, sampling, loopGuard: false };
        for await (const event of engine.generate(request)) void event;
      }),
    );
    const steps = engine.stats().steps - before;
    if (round >= 0) times.push((1000 * (performance.now() - started)) / steps);
  }
  await engine.close();
  return toResult(`step of 8 streams on the event loop, ${title}`, times);
}
