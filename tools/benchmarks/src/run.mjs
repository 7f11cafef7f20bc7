import { defaultThreads } from '@mcli/ort';
import { machineFacts, thisClass } from './machine.mjs';
import { prepareModel } from './models/benchmark-models.mjs';
import { embeddedId } from './names.mjs';
import { nativeEnvironment } from './ours/environment.mjs';
import { measureQuality } from './quality.mjs';
import { measureDrafts } from './rows/drafts.mjs';
import { measureFirstToken } from './rows/first-token.mjs';
import { measureHttp } from './rows/http.mjs';
import { measureMemory, measureMemoryOf } from './rows/memory.mjs';
import { measureSeries } from './rows/series.mjs';
import { measureHangUp, measureServerShare, measureUnderLoad } from './rows/server.mjs';
import { measureStart, measureStartOf } from './rows/start.mjs';
import { labelled, openSides, runRows, runRowsWithin } from './run-speed.mjs';
import { sampleText } from './sample-text.mjs';
import { Server } from './server.mjs';
import { Side } from './side.mjs';
import { positionsOf, quickRows, speedRows } from './speed-rows.mjs';
import { toReport } from './to-report.mjs';

/** Seconds that a quick run may take, for each model. */
const quickSeconds = 55;
/** Positions of the embedded model's sequences. */
const embeddedPositions = 4352;

/** A report: a table of results with everything that they depend on. */
export async function run(options) {
  const wants = (group) => !options.only || options.only.includes(group);
  const mostThreads = options.threads ?? defaultThreads();
  const given = { ...options, wants, mostThreads, processor: thisClass(), pairs: options.pairs ?? 9 };
  const measureModel = options.quick ? measureQuickly : measureFully;
  const parts = [];
  for (const id of options.models) parts.push(await measureModel(await prepareModel(id, options.progress), given));
  return toReport({
    kind: options.quick ? 'quick' : 'full',
    machine: machineFacts({ threads: mostThreads, llama: parts.map(({ facts }) => facts).find(Boolean) }),
    results: parts.flatMap(({ results }) => results),
    series: parts.map(({ series }) => series).find(Boolean),
    embedded: embeddedId,
  });
}

/** Three figures. */
async function measureQuickly(model, { wants, ...options }) {
  const deadline = performance.now() + 1000 * quickSeconds;
  const rows = quickRows.filter(({ group }) => wants(group));
  // Building a large model takes minutes.
  const engines = model.isEmbedded ? options.engines : options.engines.filter((engine) => engine !== 'onnx');
  const sides = await openSides({ ...options, model, engines, positions: positionsOf(quickRows) });
  try {
    return { facts: sides.facts, results: await runRowsWithin(rows, sides, { ...options, deadline }) };
  } finally {
    await sides.close();
  }
}

/** Every figure of one model. */
async function measureFully(model, options) {
  const part = await measureSpeed(model, options);
  const more = model.isEmbedded ? await measureOurselves(model, options) : await measureLarge(model, options);
  const http = options.wants('http') ? await measureHttp(model, options) : [];
  return { ...part, results: [...part.results, ...[...more, ...http].map((result) => labelled(result, model))] };
}

/** What is measured beside llama.cpp. */
async function measureSpeed(model, { wants, pairs, ...options }) {
  const rows = speedRows(model).filter(({ group }) => wants(group));
  const wantsSeries = model.isEmbedded && wants('series');
  if (rows.length === 0 && !wantsSeries) return { results: [] };
  const positions = model.isEmbedded ? embeddedPositions : positionsOf(speedRows(model));
  const sides = await openSides({ ...options, model, positions });
  try {
    const results = await runRows(rows, sides, { ...options, pairs });
    const series = wantsSeries ? await measureSeries(sides, { ...options, pairs: Math.min(3, pairs) }) : undefined;
    return { facts: sides.facts, results, series };
  } finally {
    await sides.close();
  }
}

/** What a model of real size needs until it answers. */
async function measureLarge(model, { wants, pairs, ...options }) {
  const rounds = Math.min(5, pairs);
  return [
    ...(wants('start') ? [await measureStartOf(model, { ...options, rounds })] : []),
    ...(wants('memory') ? [await measureMemoryOf(model, options)] : []),
  ];
}

/** What is measured without llama.cpp, with the embedded model on the engine that serves it unless told otherwise. */
async function measureOurselves(model, { threads, pairs, wants, progress }) {
  const results = [];
  const text = sampleText(24_000);
  const engine = new EngineProcess(model, { threads });
  try {
    const needsEngine = ['drafts', 'first-token', 'server', 'memory'].some(wants);
    const { endTokens, longestDraft } = needsEngine ? await engine.load() : {};
    if (wants('drafts')) {
      const off = new EngineProcess(model, { threads, drafts: false });
      try {
        await off.load();
        const engines = { on: engine.side, off: off.side, longestDraft, endTokens };
        results.push(await measureDrafts(engines, { pairs: Math.min(3, pairs), progress }));
      } finally {
        await off.close();
      }
    }
    if (wants('first-token')) {
      const tokens = await engine.side.call('tokenize', { text });
      results.push(await measureFirstToken(engine.side, tokens, { pairs, progress }));
    }
    if (wants('quality')) results.push(...(await measureQuality(model.files, { threads, progress })));
    if (wants('server')) {
      const tokens = (await engine.side.call('tokenize', { text })).length;
      const server = await Server.start(['--slots', '9', '--context', `${embeddedPositions}`], { threads });
      try {
        const given = { server, engine: engine.side, endTokens, text };
        results.push(await measureServerShare(given, { pairs, progress }));
        results.push(...(await measureUnderLoad({ ...given, tokens }, { rounds: 3, progress })));
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

/** The embedded model on ONNX Runtime in a process of its own, with room for one generation more than eight. */
class EngineProcess {
  #given;

  constructor({ id, path }, options) {
    const size = { context: embeddedPositions, slots: 9 };
    this.#given = { engine: 'onnx', model: { id, path }, ...size, ...options };
    this.side = undefined;
  }

  async load() {
    this.side = new Side('engine', new URL('./ours/engine-side.mjs', import.meta.url), nativeEnvironment);
    return this.side.call('load', this.#given);
  }

  async close() {
    await this.side?.close();
  }
}
