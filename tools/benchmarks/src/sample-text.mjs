import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/**
 * Real text, prose and code by turns: this project's own documentation and sources, at least `characters` long.
 * Which text it is matters little for speed; that both programs get the same tokens matters.
 */
export function sampleText(characters) {
  const documents = ['README.md', 'docs/architecture.md', 'CONTRIBUTING.md', 'libs/inference/README.md'];
  const sources = readdirSync(join(root, 'libs/inference/src/engine'))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .sort()
    .map((name) => `libs/inference/src/engine/${name}`);
  let text = '';
  for (let at = 0; text.length < characters; at++) {
    const lists = [documents, sources];
    const list = lists[at % 2];
    text += readFileSync(join(root, list[(at >> 1) % list.length]), 'utf8');
  }
  return text.slice(0, characters);
}
