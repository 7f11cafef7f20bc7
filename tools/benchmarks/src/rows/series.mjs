import { median, quantile } from '../statistics.mjs';
import { batchRow, prefillRow } from '../speed-rows.mjs';
import { runRows } from '../run-speed.mjs';

/** Speed over prompt length and over concurrency: what the charts show. */
export async function measureSeries(sides, { pairs, progress }) {
  const lengths = [128, 256, 512, 1024, 2048, 4096];
  const users = [1, 2, 4, 8];
  const options = { pairs, tries: 1, progress };
  const prompt = await runRows(
    lengths.map((length) => prefillRow(length)),
    sides,
    options,
  );
  const concurrency = await runRows(
    users.map((count) => batchRow(count, 128)),
    sides,
    options,
  );
  return {
    promptLength: prompt.map((result, at) => toPoint(lengths[at], result)),
    concurrency: concurrency.map((result, at) => toPoint(users[at], result)),
  };
}

function toPoint(x, { engines, llama, best, ratio, rounds }) {
  const range = (values) => ({ value: median(values), low: quantile(values, 0), high: quantile(values, 1) });
  const oursOf = (engine) => [engine, range(rounds.map((round) => round.ours[engine]))];
  return {
    x,
    engines: Object.fromEntries(Object.keys(engines).map(oursOf)),
    llama: { form: llama.form, ...range(rounds.map((round) => round.llama[llama.form])) },
    best,
    ratio,
  };
}
