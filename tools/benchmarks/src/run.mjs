import { machineFacts } from './machine.mjs';
import { quickRows, speedRows } from './speed-rows.mjs';
import { openSides, runRows, runRowsWithin } from './run-speed.mjs';

/** Seconds that a quick run may take, what comes before and after included. */
const quickSeconds = 52;

/** `--quick` */
export async function runQuick({ threads, pairs = 9, only, progress, started }) {
  const rows = quickRows.filter(({ group }) => !only || only.includes(group));
  const sides = await openSides({ threads, positions: 640, progress });
  try {
    const machine = machineFacts({ threads, llama: sides.facts });
    const results = await runRowsWithin(rows, sides, { pairs, deadline: started + 1000 * quickSeconds, progress });
    const ratios = Object.fromEntries(results.map(({ group, ratio }) => [group, ratio]));
    return { kind: 'quick', ratios, machine, results };
  } finally {
    await sides.close();
  }
}

/** Everything that engine speed is measured by. */
export async function runFull({ threads, pairs = 9, only, progress }) {
  const rows = speedRows.filter(({ group }) => !only || only.includes(group));
  const sides = await openSides({ threads, positions: 4352, progress });
  try {
    const machine = machineFacts({ threads, llama: sides.facts });
    const results = await runRows(rows, sides, { pairs, progress });
    return { kind: 'full', ratios: {}, machine, results };
  } finally {
    await sides.close();
  }
}

export function run(options) {
  return options.quick ? runQuick(options) : runFull(options);
}
