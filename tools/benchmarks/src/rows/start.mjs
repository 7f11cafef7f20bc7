import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '../server.mjs';
import { measured } from './results.mjs';

const group = 'start';

/** From the command to a server that answers, with and without a built model. */
export async function measureStart({ threads }, { rounds, progress }) {
  progress('start to ready');
  const flags = ['--threads', `${threads}`];
  const start = async (options) => {
    const server = await Server.start(flags, options);
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
