import { compared, unavailable } from './results.mjs';

const row = {
  id: 'drafts-rewrite',
  group: 'drafts',
  title: 'rewriting a 150-line file with one change, drafts on ÷ off',
  unit: 'tokens/s',
  target: { least: 2.5 },
};

/**
 * @param {{ on: import('../side.mjs').Side, off: import('../side.mjs').Side, longestDraft: number, endTokens: number[] }} engines
 */
export async function measureDrafts({ on, off, longestDraft, endTokens }, { pairs, progress }) {
  progress(row.title);
  if (!longestDraft) return unavailable(row, 'the runner takes no drafts');
  const prompt = rewritePrompt();
  const tokens = (await on.call('tokenize', { text: prompt.file })).length;
  // The whole file is asked for: a model that stops early would be measured on a few words.
  const logitBias = Object.fromEntries(endTokens.map((token) => [token, -100]));
  const request = { prompt: prompt.text, maxTokens: tokens, sampling: { temperature: 0, logitBias } };
  const measured = [];
  let same = true;
  let written = 0;
  let linesFromFile = 0;
  for (let at = 0; at < pairs; at++) {
    const answers = [];
    for (const engine of [on, off]) answers.push((await engine.call('generate', { requests: [request] })).answers[0]);
    const [fast, plain] = answers;
    same &&= fast.text === plain.text;
    written = plain.usage.completionTokens;
    const lines = plain.text.trimEnd().split('\n');
    linesFromFile = lines.filter((line) => prompt.lines.includes(line)).length / lines.length;
    const perSecond = ({ ms, firstMs, usage }) => (1000 * (usage.completionTokens - 1)) / (ms - firstMs);
    measured.push([perSecond(fast), perSecond(plain)]);
  }
  const result = compared({ ...row, pairs: measured, identicalText: same, completionTokens: written, linesFromFile });
  result.title += same ? ', identical text' : ', TEXT DIFFERS';
  result.reached &&= same;
  return result;
}

/**
 * A style sheet of 150 lines, and the text that asks for it again with its first class renamed; the answer's first rule
 * stands there already. Small models copy such a file rule by rule, not faultlessly: `linesFromFile` says how much.
 */
function rewritePrompt() {
  const lines = Array.from({ length: 30 }, (_, at) => [
    `.${words[at]} {`,
    `  color: ${words[(at * 3 + 1) % words.length]};`,
    `  width: ${(at * 13 + 5) % 97}px;`,
    `  margin: ${(at * 7 + 2) % 31}px;`,
    '}',
  ]).flat();
  const renamed = ['.peach {', ...lines.slice(1, 5)];
  const fence = '```';
  return {
    lines,
    file: lines.join('\n'),
    text: `${fence}css\n${lines.join('\n')}\n${fence}\n\nThe same file with \`.${words[0]}\` renamed to \`.peach\`:\n\n${fence}css\n${renamed.join('\n')}\n`,
  };
}

const words =
  'apple river stone cloud garden window silver forest candle bridge mirror winter summer harbor meadow pencil basket castle dragon engine flower guitar hammer island jacket kitchen ladder market needle orange'.split(
    ' ',
  );
