import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '../server.mjs';
import { measured } from './results.mjs';

const group = 'start';

/**
 * From the command to a server that answers, with a model of real size from its file, on the engine that is chosen for it.
 *
 * @param {import('../models/benchmark-models.mjs').BenchmarkModel} model
 */
export async function measureStartOf({ id, title, path }, { threads, rounds, progress }) {
  progress(`${title}: start to ready`);
  const values = [];
  for (let round = 0; round < rounds; round++) {
    const server = await Server.start(['--model', path, '--model-id', id], { threads });
    await server.stop();
    values.push(server.readyMs / 1000);
  }
  const row = { id: 'start', group, title: 'start to ready', unit: 's', target: { most: 5 } };
  return measured({ ...row, engine: 'llama.cpp', values });
}

/** From the command to a server that answers, with and without a built model. */
export async function measureStart({ threads }, { rounds, progress }) {
  progress('start to ready');
  const start = async (options) => {
    const server = await Server.start([], { threads, ...options });
    await server.stop();
    return server.readyMs / 1000;
  };
  const cached = [];
  for (let round = 0; round < rounds; round++) cached.push(await start({}));
  const directory = mkdtempSync(join(tmpdir(), 'mcli-bench-'));
  try {
    const first = await start({ directory });
    return [
      measured({
        id: 'start-cached',
        group,
        title: 'start to ready, model built before',
        unit: 's',
        target: { most: 1 },
        values: cached,
      }),
      measured({
        id: 'start-first',
        group,
        title: 'start to ready, first time',
        unit: 's',
        target: { most: 20 },
        values: [first],
      }),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
