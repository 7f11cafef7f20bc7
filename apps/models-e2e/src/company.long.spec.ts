import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '@mcli/inference';
import { LocalModelStore, loadOnnxRunner } from '@mcli/inference/onnx';
import { smollm2 } from '@mcli/model-smollm2';

const questions = [
  'Tell me about the sea.',
  'Write a Python function that reverses a list.',
  'Why is the sky blue?',
  'Who was Ada Lovelace?',
  'Write a poem about autumn.',
  'Explain recursion to a child.',
  'What is a prime number?',
  'Write a letter to a friend about a holiday.',
  'How does a bicycle stay upright?',
  'Translate "good morning" to five languages.',
  'What happened in 1969?',
  'Write a shell script that counts files.',
  'Describe the taste of an apple.',
  'What is the difference between a lake and a pond?',
  'Give me three names for a cat.',
  'How do I boil an egg?',
  'What is gravity?',
  'Write a haiku.',
  'Explain what an API is.',
  'What do owls eat?',
  'Summarise the story of Cinderella.',
  'Write an SQL query that counts users by country.',
  'What is the speed of light?',
  'Tell me a joke.',
];

describe('Greedy text over a corpus', () => {
  it('is the same alone and in company, whoever comes and goes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcli-company-'));
    const store = new LocalModelStore({ models: [smollm2], directory: folder });
    const { path: directory } = await store.resolve(smollm2.id);
    const engine = new Engine(await loadOnnxRunner({ id: smollm2.id, directory, slots: 8, context: 1024 }));
    try {
      const alone: string[] = [];
      for (const question of questions) alone.push(await ask(engine, question));
      // 24 askers on 8 slots: rows come and go while others write.
      const together = await Promise.all(questions.map((question) => ask(engine, question)));
      const same = together.filter((text, at) => text === alone[at]).length;
      console.log(`${same} of ${questions.length} answers of up to 96 tokens are the same alone and with 7 others.`);
      expect(together).toEqual(alone);
    } finally {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    }
  }, 600_000);
});

async function ask(engine: Engine, question: string): Promise<string> {
  let text = '';
  const prompt = [{ role: 'user' as const, content: question }];
  const events = engine.generate({ model: smollm2.id, prompt, sampling: { temperature: 0 }, maxTokens: 96 });
  for await (const event of events) if (event.type === 'text-delta') text += event.text;
  return text;
}
