// `npm run release`: versions and changelogs from the version plans, as a dry run; `-- --publish` does it and publishes.
import { spawnSync } from 'node:child_process';
import { nxProgram, root } from './setup.mjs';

const publish = process.argv.includes('--publish');
if (!publish) console.log('A dry run: nothing is changed or published. `npm run release -- --publish` releases.\n');
const { status } = spawnSync(
  process.execPath,
  [nxProgram(), 'release', ...(publish ? ['--yes'] : ['--dry-run', '--skip-publish'])],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
