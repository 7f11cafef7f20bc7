// Makes src/golden-answers.json anew: `node apps/models-e2e/make-golden.mjs` after `npm run setup`.
//
// Answers come from the model's weights in float32. A small model often stands on a knife's edge between two
// tokens; a prompt is taken only when the best token leads by at least `leastGap` at every step, so that
// every careful implementation gives the same answer.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOnnxRunner } from '@mcli/inference/onnx';
import { buildModel } from '@mcli/model-builder';
import { smollm2 } from '@mcli/model-smollm2';

const leastGap = 1;
const mostTokens = 32;
const wanted = 10;
const source = join(import.meta.dirname, 'src');
const prompts = JSON.parse(readFileSync(join(source, 'candidate-prompts.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'mcli-golden-'));
try {
  await buildModel({ source: smollm2.path, directory: join(scratch, 'build'), weights: 'float32' });
  const runner = await loadOnnxRunner({ id: smollm2.id, directory: join(scratch, 'build'), slots: 1, context: 1024 });
  const answers = [];
  for (const prompt of prompts) {
    const answer = await greedy(runner, prompt);
    console.log(`${answer.gap.toFixed(2).padStart(6)}  ${prompt}  →  ${JSON.stringify(answer.text)}`);
    if (answer.gap >= leastGap)
      answers.push({ prompt, text: answer.text, tokens: answer.tokens, reason: answer.reason });
  }
  await runner.dispose();
  const chosen = spread(answers).slice(0, wanted);
  if (chosen.length < wanted) throw new Error(`Only ${chosen.length} prompts have clear answers; add candidates.`);
  const content = { model: smollm2.id, sha256: smollm2.sha256, leastGap, mostTokens, answers: chosen };
  writeFileSync(join(source, 'golden-answers.json'), `${JSON.stringify(content, null, 2)}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Longer answers first: they prove more. The capital of France stays. */
function spread(answers) {
  const weight = ({ prompt, tokens }) => (prompt.includes('capital of France') ? 1000 : tokens.length);
  return answers.sort((a, b) => weight(b) - weight(a));
}

async function greedy(runner, prompt) {
  const cache = runner.createCache();
  const tokens = [];
  let gap = Infinity;
  let reason = 'length';
  let next = runner.tokenizer.encodeChat([{ role: 'user', content: prompt }]);
  while (tokens.length < mostTokens) {
    const [logits] = await runner.forward([
      { cache, tokens: next, kind: next.length > 1 ? 'read' : 'write', wantsLogits: true },
    ]);
    let [best, second] = [0, -Infinity];
    logits.forEach((logit, token) => {
      if (logit > logits[best]) [best, second] = [token, logits[best]];
      else if (token !== best && logit > second) second = logit;
    });
    gap = Math.min(gap, logits[best] - second);
    if (runner.tokenizer.endTokens.has(best)) {
      reason = 'stop';
      break;
    }
    tokens.push(best);
    next = [best];
  }
  cache.dispose();
  const text = Buffer.concat(tokens.map((token) => runner.tokenizer.tokenBytes(token))).toString('utf8');
  return { text, tokens, gap, reason };
}
