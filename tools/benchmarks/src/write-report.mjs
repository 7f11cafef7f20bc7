import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawChart } from './chart.mjs';
import { results as resultsFolder, root } from './paths.mjs';
import { toPage } from './to-page.mjs';

/**
 * Keeps the raw figures under the class of processor that they are from, in place of what was there, and writes the page
 * with its charts from the results of all classes. Returns the paths.
 */
export async function writeReport(report) {
  mkdirSync(resultsFolder, { recursive: true });
  const raw = join(resultsFolder, `${report.machine.class}.json`);
  await writeTidy(raw, `${JSON.stringify(report, undefined, 1)}\n`);
  return [raw, ...(await writePage())];
}

/** The page with its charts, from all files in `results/`. */
export async function writePage() {
  const charts = join(root, 'docs', 'performance');
  mkdirSync(charts, { recursive: true });
  const reports = readdirSync(resultsFolder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(resultsFolder, name), 'utf8')));
  const page = join(root, 'docs', 'performance.md');
  await writeTidy(page, toPage(reports));
  const written = [page];
  for (const { machine, series } of reports)
    for (const [name, chart] of Object.entries(toCharts(series))) {
      const path = join(charts, chartName(machine.class, name));
      writeFileSync(path, drawChart(chart));
      written.push(path);
    }
  return written;
}

/** As the repository's check of formats wants it. */
async function writeTidy(path, content) {
  writeFileSync(path, await format(content, { ...(await resolveConfig(path)), filepath: path }));
}

/** Charts by what they are about. */
function toCharts(series) {
  if (!series) return {};
  const names = { onnx: 'mcli (onnx)', 'llama.cpp': 'mcli (llama.cpp)' };
  const toPoints = (points, pick) =>
    points.map((point) => ({ x: point.x, y: pick(point).value, ...rangeOf(pick(point)) }));
  const lines = (points) => [
    ...Object.keys(points[0].engines).map((engine) => ({
      name: names[engine],
      points: toPoints(points, ({ engines }) => engines[engine]),
    })),
    { name: 'llama.cpp, fastest form', points: toPoints(points, ({ llama }) => llama) },
  ];
  return {
    'prompt-length': {
      title: 'Reading a prompt: tokens per second over its length',
      xTitle: 'tokens in the prompt',
      yTitle: 'tokens per second',
      lines: lines(series.promptLength),
    },
    concurrency: {
      title: 'Writing: tokens per second over users at once',
      xTitle: 'sequences that write together, each behind 128 tokens',
      yTitle: 'tokens per second, all together',
      lines: lines(series.concurrency),
    },
  };
}

function rangeOf({ low, high }) {
  return { low, high };
}

function chartName(processor, name) {
  return `${processor}-${name}.svg`;
}
