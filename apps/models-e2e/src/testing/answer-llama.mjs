// Opens tiny GGUF files with llama.cpp and lets them answer, all in this process, so that a whole processor can be emulated
// around it: `qemu-x86_64 -cpu Haswell node answer-llama.mjs FOLDER`. The last line of stdout is one JSON object.
import { join } from 'node:path';
import { writeTinyGguf } from '@mcli/llama-cpp/testing';
import { Engine } from '@mcli/inference';
import { loadLlamaCppRunner } from '@mcli/inference/llama-cpp';

const folder = process.argv[2];
const answers = {};
for (const [architecture, format] of [
  ['llama', 'F32'],
  ['llama', 'Q8_0'],
  ['qwen3moe', 'F32'],
]) {
  const path = join(folder, `${architecture}-${format}.gguf`);
  await writeTinyGguf(path, architecture, { format });
  const { runner } = await loadLlamaCppRunner({ id: 'tiny', path, slots: 2, threads: 1 });
  const engine = new Engine(runner);
  answers[`${architecture} ${format}`] = await Promise.all(
    ['hello the world', 'one two three'].map((prompt) => answer(engine, prompt)),
  );
  await engine.close();
}
console.log(JSON.stringify({ answers }));

/** What the model writes after some text. */
async function answer(engine, prompt) {
  let text = '';
  for await (const event of engine.generate({ model: 'tiny', prompt, maxTokens: 12, sampling: { temperature: 0 } })) {
    if (event.type === 'text-delta') text += event.text;
  }
  return Buffer.from(text).toString('hex');
}
