import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.mjs';

const read = (paths) => paths.map((path) => readFileSync(join(root, path), 'utf8')).join('\n\n');

/** This project's own documentation without its code and tables. */
export function prose() {
  const documents = ['README.md', 'docs/architecture.md', 'CONTRIBUTING.md', 'docs/errors.md'];
  const libraries = ['auth-keys', 'http-adapter', 'inference', 'model-builder', 'openai-schema', 'ort'];
  const text = read([...documents, ...libraries.map((name) => `libs/${name}/README.md`)]);
  return text.replace(/```[^]*?```/g, '').replace(/^\|.*$/gm, '');
}

/** This project's own sources. */
export function code() {
  const folder = 'libs/inference/src/engine';
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  return read([...names.sort().map((name) => `${folder}/${name}`), 'libs/auth-keys/src/key-manager.ts']);
}

/** The answers are those that the reference gives. */
export const questions = [
  'Explain how rainbows form.',
  'Write a short story about a fox.',
  'What are the benefits of exercise?',
  'How do I make tea?',
  'Describe the water cycle.',
  'What is photosynthesis?',
  'Give three tips for learning a language.',
  'Why is the sky blue?',
  'Write a Python function that reverses a string.',
  'What is the difference between a list and a tuple in Python?',
  'How does a bicycle stay upright?',
  'Write an email asking for a day off.',
  'What causes earthquakes?',
  'Give me a recipe for pancakes.',
  'Explain what an API is.',
  'Write a SQL query that counts users per country.',
  'Who wrote Romeo and Juliet and what is it about?',
  'How can I sleep better?',
  'Translate to French: I would like a coffee.',
  'List five animals that live in the sea.',
];
