import { Comparison } from './compare.mjs';
import { llamaForms } from './llama/forms.mjs';
import { nativeEnvironment } from './ours/environment.mjs';
import { sampleText } from './sample-text.mjs';
import { Side } from './side.mjs';
import { targetOf } from './targets.mjs';

/** Generations that our engines can run at once. */
const slots = 8;

/**
 * Starts llama.cpp and our engines, a process for each, with the same model and the same tokens.
 *
 * @param {{ model: import('./models/benchmark-models.mjs').BenchmarkModel, engines: string[], threads?: number, mostThreads: number, positions: number, processor: string, progress: (text: string) => void }} options
 * `threads` of our engines, which choose themselves without; `mostThreads` of llama.cpp
 */
export async function openSides({ model, engines, threads, mostThreads, positions, processor, progress }) {
  const module = new URL('./ours/engine-side.mjs', import.meta.url);
  const ours = Object.fromEntries(
    engines.map((engine) => [engine, new Side(`mcli (${engine})`, module, nativeEnvironment)]),
  );
  const llama = new Side('llama.cpp', new URL('./llama/side.mjs', import.meta.url));
  const close = async () => void (await Promise.all([...Object.values(ours), llama].map((side) => side.close())));
  try {
    for (const [engine, side] of Object.entries(ours)) {
      progress(`${model.title}: loading it on ${engine}${engine === 'onnx' ? ' (the first time it is built)' : ''}`);
      await side.call('load', { engine, model: pick(model), threads, context: positions, slots, drafts: false });
    }
    const facts = await llama.call('load', { files: model.files });
    const tokens = await Object.values(ours)[0].call('tokenize', { text: sampleText(positions * 5) });
    if (tokens.length < positions) throw new Error(`The sample text has only ${tokens.length} tokens.`);
    return { ours, llama, model, forms: llamaForms(model, mostThreads), tokens, processor, facts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function pick({ id, path }) {
  return { id, path };
}

/**
 * The rows one after the other, each with its own rounds.
 *
 * @param {import('./speed-rows.mjs').SpeedRow[]} rows
 */
export async function runRows(rows, sides, { pairs, tries = 2, progress }) {
  const results = [];
  for (const row of rows) {
    progress(`${sides.model.title}: ${row.title}`);
    const comparison = comparisonOf(row, sides);
    // Half of a long prompt tells the forms apart, and takes a quarter of the time.
    await comparison.prepare(sides.forms, { tries, most: 2, share: row.tokens >= 1000 ? 0.5 : 1 });
    for (let at = 0; at < pairs; at++) await comparison.measure();
    await sides.llama.call('release');
    results.push(labelled(comparison.result(), sides.model));
  }
  return results;
}

/** The rows by turns until the time is up: three rounds at least, `pairs` at most. */
export async function runRowsWithin(rows, sides, { pairs, deadline, progress }) {
  const { title } = sides.model;
  const comparisons = rows.map((row) => comparisonOf(row, sides));
  for (const comparison of comparisons) {
    progress(`${title}: ${comparison.row.title}: looking for llama.cpp's fastest form`);
    const share = comparison.row.action === 'prefill' ? 0.25 : 0.5;
    await comparison.prepare(sides.forms, { tries: 2, most: 2, share });
  }
  let longest = 0;
  for (let round = 0; round < pairs; round++) {
    if (round >= 3 && performance.now() + longest > deadline) break;
    const started = performance.now();
    for (const comparison of comparisons) await comparison.measure();
    longest = Math.max(longest, performance.now() - started);
    progress(`${title}: round ${round + 1} of at most ${pairs}`);
  }
  return comparisons.map((comparison) => labelled(comparison.result(), sides.model));
}

function comparisonOf(row, sides) {
  return new Comparison(row, sides, targetOf(row, sides.model, sides.processor));
}

/** A result with its model, which the title names where it isn't the embedded one. */
export function labelled(result, { id, title, isEmbedded }) {
  return { model: id, ...result, title: isEmbedded ? result.title : `${title}: ${result.title}` };
}
