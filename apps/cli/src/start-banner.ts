import { styleText } from 'node:util';
import type { ServerFacts } from '@mcli/model-server';
import { table } from './table.js';

const bold = (text: string) => (process.stdout.isTTY && process.stdout.hasColors() ? styleText('bold', text) : text);

/** What a server that is ready shows: its configuration, a first key, and lines to paste. */
export function startBanner(facts: ServerFacts): string[] {
  const models = facts.models.map(({ id, embedded, contextLength, slots }, at) => [
    at === 0 ? '  Model' : '',
    `${id}${embedded ? ' (embedded)' : ''}: ${contextLength} tokens a request, ${slots} at once`,
  ]);
  const rows = [
    ...models,
    ...engineRows(facts),
    ['  Queue', `${facts.queue} more requests may wait`],
    ['  Address', facts.url],
    ['  Authentication', facts.authentication],
    ['  State', facts.home],
  ];
  const lines = [
    '',
    bold('mcli'),
    '',
    table(rows),
    '',
    ...facts.warnings.flatMap((warning) => [`Warning: ${warning}`, '']),
  ];
  if (facts.firstKey !== undefined) {
    lines.push(bold('Your first API key. It is shown only now:'), '', `  export OPENAI_API_KEY=${facts.firstKey}`, '');
  }
  lines.push(`Listening on ${facts.url}`, '', 'Try it:', '', `  ${curlLine(facts)}`, '');
  const [model] = facts.models;
  if (facts.openaiCompatible && model) {
    lines.push(`  OPENAI_API_BASE=${facts.localUrl} aider --model openai/${model.id} --no-show-model-warnings`, '');
  }
  return lines;
}

/** What runs the models and why: one row where it is the same for all of them. */
function engineRows({ models }: ServerFacts): string[][] {
  const lines = models.map(({ engine, engineReason }) => `${engine} (${engineReason})`);
  const [first = ''] = lines;
  if (lines.every((line) => line === first)) return [['  Engine', first]];
  return lines.map((line, at) => [at === 0 ? '  Engine' : '', `${models[at]?.id ?? ''}: ${line}`]);
}

function curlLine({ localUrl: url, openaiCompatible, models }: ServerFacts): string {
  const model = models[0]?.id ?? '';
  const json = `-H "Content-Type: application/json"`;
  if (!openaiCompatible) {
    return `curl ${url}/models/${encodeURIComponent(model)}/generate ${json} -d '${JSON.stringify({ prompt: 'Say hello.' })}'`;
  }
  const body = JSON.stringify({
    model,
    messages: [{ role: 'user', content: 'What is the capital of France? Answer with one word.' }],
  });
  return `curl ${url}/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" ${json} -d '${body}'`;
}
