// `npm run release`: versions and changelogs from the version plans, as a dry run; `-- --publish` does it and publishes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup.mjs';

const publish = process.argv.includes('--publish');
const nx = join(root, 'node_modules', 'nx', 'bin', 'nx.js');
if (!publish) console.log('A dry run: nothing is changed or published. `npm run release -- --publish` releases.\n');
const { status } = spawnSync(
  process.execPath,
  [nx, 'release', ...(publish ? ['--yes'] : ['--dry-run', '--skip-publish'])],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
