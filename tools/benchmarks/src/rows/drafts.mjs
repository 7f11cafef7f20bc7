import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.mjs';
import { compared, unavailable } from './results.mjs';

const row = {
  id: 'drafts-rewrite',
  group: 'drafts',
  title: 'rewriting a 150-line file with one change, drafts on ÷ off',
  unit: 'tokens/s',
  target: { least: 2.5 },
};

/**
 * @param {{ on: import('../side.mjs').Side, off: import('../side.mjs').Side, longestDraft: number }} engines
 */
export async function measureDrafts({ on, off, longestDraft }, { pairs, progress }) {
  progress(row.title);
  if (!longestDraft) return unavailable(row, 'the runner takes no drafts');
  const prompt = rewritePrompt();
  const tokens = (await on.call('tokenize', { text: prompt.file })).length;
  const request = { prompt: prompt.text, maxTokens: tokens, sampling: { temperature: 0 }, stop: ['```'] };
  const measured = [];
  let same = true;
  let written = 0;
  for (let at = 0; at < pairs; at++) {
    const answers = [];
    for (const engine of [on, off]) answers.push((await engine.call('generate', { requests: [request] })).answers[0]);
    const [fast, plain] = answers;
    same &&= fast.text === plain.text;
    written = plain.usage.completionTokens;
    const perSecond = ({ ms, firstMs, usage }) => (1000 * (usage.completionTokens - 1)) / (ms - firstMs);
    measured.push([perSecond(fast), perSecond(plain)]);
  }
  const result = compared({ ...row, pairs: measured, identicalText: same, completionTokens: written });
  result.title += same ? ', identical text' : ', TEXT DIFFERS';
  result.reached &&= same;
  return result;
}

/** A file of 150 lines, and the text that asks for it again with a name changed. */
function rewritePrompt() {
  const source = readFileSync(join(root, 'libs/inference/src/engine/scheduler.ts'), 'utf8');
  const file = source.split('\n').slice(0, 150).join('\n');
  return {
    file,
    text: `The file scheduler.ts:\n\n\`\`\`ts\n${file}\n\`\`\`\n\nThe same file with \`queue\` renamed to \`line\`, everything else unchanged:\n\n\`\`\`ts\n`,
  };
}
