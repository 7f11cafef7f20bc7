import { quickRows } from './speed-rows.mjs';

/** The figure of each group that `ratios` holds: those that `--quick` measures. */
const headlines = new Map(quickRows.map(({ id, group }) => [id, group]));

/**
 * A run as one object. `ratios` are those of the embedded model, or of the only one that was measured: our better engine ÷
 * llama.cpp; `engines` says which engine that was. `models` has both for each model, and `byEngine` the ratios of each engine.
 *
 * @param {{ kind: string, machine: object, results: object[], series?: object, embedded: string }} parts
 */
export function toReport({ kind, machine, results, series, embedded }) {
  const models = {};
  for (const { model, id, best, engines, ratio } of results) {
    const group = headlines.get(id);
    if (group === undefined || best === undefined) continue;
    const entry = (models[model] ??= { ratios: {}, engines: {}, byEngine: {} });
    entry.ratios[group] = ratio;
    entry.engines[group] = best;
    for (const [engine, found] of Object.entries(engines)) (entry.byEngine[engine] ??= {})[group] = found.ratio;
  }
  const { ratios = {}, engines = {} } = models[embedded] ?? Object.values(models)[0] ?? {};
  return { kind, ratios, engines, models, machine, results, series };
}
