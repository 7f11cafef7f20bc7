import { smollm2 } from '@mcli/model-smollm2';
import { Comparison } from './compare.mjs';
import { prepareForms } from './llama/forms.mjs';
import { nativeEnvironment } from './ours/environment.mjs';
import { builds } from './paths.mjs';
import { sampleText } from './sample-text.mjs';
import { Side } from './side.mjs';

/** Starts both programs with the same threads and gives them the same tokens. */
export async function openSides({ threads, positions, progress }) {
  const { files, forms } = await prepareForms(smollm2, progress);
  const ours = new Side('mcli', new URL('./ours/side.mjs', import.meta.url), nativeEnvironment);
  const llama = new Side('llama.cpp', new URL('./llama/side.mjs', import.meta.url));
  const close = async () => void (await Promise.all([ours.close(), llama.close()]));
  try {
    progress('Loading the model, twice (the first time it is built)');
    const built = await ours.call('load', { directory: builds, threads, context: positions, slots: 8 });
    const facts = await llama.call('load', { forms: files, threads });
    const tokens = await ours.call('tokenize', { text: sampleText(positions * 5) });
    if (tokens.length < positions) throw new Error(`The sample text has only ${tokens.length} tokens.`);
    return { ours, llama, forms, tokens, threads, built, facts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The rows one after the other, each with its own pairs.
 *
 * @param {import('./speed-rows.mjs').SpeedRow[]} rows
 */
export async function runRows(rows, sides, { pairs, tries = 2, progress }) {
  const results = [];
  for (const row of rows) {
    progress(row.title);
    const comparison = new Comparison(row, sides);
    // Half of a long prompt tells the forms apart, and takes a quarter of the time.
    await comparison.prepare(sides.forms, { tries, most: 2, share: row.tokens >= 1000 ? 0.5 : 1 });
    for (let at = 0; at < pairs; at++) await comparison.measure();
    await sides.llama.call('release');
    results.push(comparison.result());
  }
  return results;
}

/** The rows by turns until the time is up: three rounds at least, `pairs` at most. */
export async function runRowsWithin(rows, sides, { pairs, deadline, progress }) {
  const comparisons = rows.map((row) => new Comparison(row, sides));
  for (const comparison of comparisons) {
    progress(`${comparison.row.title}: looking for llama.cpp's fastest form`);
    await comparison.prepare(sides.forms, {
      tries: 2,
      most: 2,
      share: comparison.row.action === 'prefill' ? 0.25 : 0.5,
    });
  }
  let longest = 0;
  for (let round = 0; round < pairs; round++) {
    if (round >= 3 && performance.now() + longest > deadline) break;
    const started = performance.now();
    for (const comparison of comparisons) await comparison.measure();
    longest = Math.max(longest, performance.now() - started);
    progress(`pair ${round + 1} of at most ${pairs}`);
  }
  return comparisons.map((comparison) => comparison.result());
}
