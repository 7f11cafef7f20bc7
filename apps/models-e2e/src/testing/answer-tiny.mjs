// Builds a tiny model, loads it and lets it answer, all in this process, so that a whole processor can be emulated
// around it: `qemu-x86_64 -cpu Haswell node answer-tiny.mjs FOLDER`. The last line of stdout is one JSON object.
import { join } from 'node:path';
import { loadRuntime, selfTest } from '@mcli/ort';
import { buildModel, exactIntegers } from '@mcli/model-builder';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import { Engine } from '@mcli/inference';
import { loadOnnxRunner } from '@mcli/inference/onnx';

const folder = process.argv[2];
const source = join(folder, 'tiny.gguf');
await writeTinyGguf(source, { seed: 5, biases: 'qkvo' });
const calibration = () => [Array.from({ length: 120 }, (_, at) => (at * 89 + 31) % 264)];

const runtime = await loadRuntime();
const { saturates, exact } = await selfTest(runtime);
await runtime.dispose();
const result = { saturates, exact, integers: await exactIntegers(), answers: {}, alike: {}, refused: undefined };

for (const weights of ['int8-row', 'int8-row-float-cache', 'int8-block32', 'float32']) {
  const directory = join(folder, weights);
  await buildModel({ source, directory, weights, calibration });
  for (const prefer of weights === 'int8-row' ? ['native', 'worker'] : ['native']) {
    const runner = await loadOnnxRunner({ id: 'tiny', directory, prefer, context: 96, slots: 3, threads: 1 });
    const engine = new Engine(runner);
    const prompts = [1, 2, 3].map((seed) => Array.from({ length: 20 + seed }, (_, at) => (seed * 101 + at * 37) % 256));
    const alone = [];
    for (const prompt of prompts) alone.push(await answer(engine, prompt));
    const together = await Promise.all(prompts.map((prompt) => answer(engine, prompt)));
    result.answers[`${weights} ${prefer}`] = alone;
    result.alike[`${weights} ${prefer}`] = JSON.stringify(alone) === JSON.stringify(together);
    await engine.close();
  }
}

const elsewhere = join(folder, 'elsewhere');
await buildModel({ source, directory: elsewhere, integers: saturates ? 'int8' : 'uint8', calibration });
result.refused = await loadOnnxRunner({ id: 'tiny', directory: elsewhere, context: 96, slots: 1, threads: 1 }).then(
  async (runner) => void (await runner.dispose()),
  (error) => error.message,
);
console.log(JSON.stringify(result));

/** What the model writes after some tokens. */
async function answer(engine, prompt) {
  let text = '';
  for await (const event of engine.generate({ model: 'tiny', prompt, maxTokens: 24, sampling: { temperature: 0 } })) {
    if (event.type === 'text-delta') text += event.text;
  }
  return Buffer.from(text).toString('hex');
}
