import { machineFacts } from './machine.mjs';
import { nativeEnvironment } from './ours/environment.mjs';
import { builds } from './paths.mjs';
import { measureQuality } from './quality.mjs';
import { measureDrafts } from './rows/drafts.mjs';
import { measureFirstToken } from './rows/first-token.mjs';
import { measureMemory } from './rows/memory.mjs';
import { measureSeries } from './rows/series.mjs';
import { measureHangUp, measureServerShare, measureUnderLoad } from './rows/server.mjs';
import { measureStart } from './rows/start.mjs';
import { openSides, runRows, runRowsWithin } from './run-speed.mjs';
import { sampleText } from './sample-text.mjs';
import { Server } from './server.mjs';
import { Side } from './side.mjs';
import { quickRows, speedRows } from './speed-rows.mjs';

/** Seconds that a quick run may take. */
const quickSeconds = 50;

/** Three figures in less than a minute. */
export async function runQuick({ threads, pairs = 9, only, progress, started }) {
  const rows = quickRows.filter(({ group }) => !only || only.includes(group));
  const sides = await openSides({ threads, positions: 640, progress });
  try {
    const results = await runRowsWithin(rows, sides, { pairs, deadline: started + 1000 * quickSeconds, progress });
    return toReport('quick', sides, results);
  } finally {
    await sides.close();
  }
}

/** Every figure. */
export async function runFull({ threads, pairs = 9, only, progress }) {
  const wants = (group) => !only || only.includes(group);
  const rows = speedRows.filter(({ group }) => wants(group));
  const sides = await openSides({ threads, positions: 4352, progress });
  let report;
  try {
    const results = await runRows(rows, sides, { pairs, progress });
    const series = wants('series') ? await measureSeries(sides, { pairs: Math.min(3, pairs), progress }) : undefined;
    report = { ...toReport('full', sides, results), series };
  } finally {
    await sides.close();
  }
  const more = await measureOurselves({ threads, pairs, wants, progress });
  return { ...report, results: [...report.results, ...more] };
}

/** What is measured without llama.cpp. */
async function measureOurselves({ threads, pairs, wants, progress }) {
  const results = [];
  const text = sampleText(24_000);
  const load = { directory: builds, threads, context: 4352, slots: 9 };
  const open = () => new Side('engine', new URL('./ours/engine-side.mjs', import.meta.url), nativeEnvironment);
  const engine = open();
  try {
    const { longestDraft, endTokens } = await engine.call('load', load);
    const tokens = await engine.call('tokenize', { text });
    if (wants('drafts')) {
      const off = open();
      try {
        await off.call('load', { ...load, drafts: false });
        results.push(
          await measureDrafts({ on: engine, off, longestDraft, endTokens }, { pairs: Math.min(3, pairs), progress }),
        );
      } finally {
        await off.close();
      }
    }
    if (wants('first-token')) results.push(await measureFirstToken(engine, tokens, { pairs, progress }));
    if (wants('quality')) results.push(...(await measureQuality({ threads, progress })));
    if (wants('server')) {
      const server = await Server.start(['--slots', '9', '--context', '4352', '--threads', `${threads}`]);
      try {
        const given = { server, engine, endTokens, text };
        results.push(await measureServerShare(given, { pairs, progress }));
        results.push(...(await measureUnderLoad({ ...given, tokens: tokens.length }, { rounds: 3, progress })));
      } finally {
        await server.stop();
      }
      results.push(await measureHangUp({ endTokens, text, threads }, { rounds: 9, progress }));
    }
    await engine.close();
    if (wants('memory')) results.push(...(await measureMemory({ endTokens, text, threads }, { progress })));
    if (wants('start')) results.push(...(await measureStart({ threads }, { rounds: pairs, progress })));
    return results;
  } finally {
    await engine.close();
  }
}

/** `ratios` holds a figure of each group of the comparison: the one that `--quick` measures. */
function toReport(kind, { threads, facts }, results) {
  const headline = new Map(quickRows.map(({ id, group }) => [id, group]));
  const ratios = {};
  for (const { id, ratio } of results) if (headline.has(id)) ratios[headline.get(id)] = ratio;
  return { kind, ratios, machine: machineFacts({ threads, llama: facts }), results };
}

/** A report: a table of results with everything that they depend on. */
export function run(options) {
  return options.quick ? runQuick(options) : runFull(options);
}
