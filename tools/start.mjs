// `npm start`: everything a fresh clone needs, then the server. Flags go through: npm start -- --port 8080
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

await setup();
const mcli = join(root, 'apps', 'cli', 'bin', 'mcli.js');
const child = spawn(process.execPath, [mcli, 'model', 'start', '--openai-compatible', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to both; the server drains, and this process waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
// The server outlives its terminal, and so does this process.
process.on('SIGHUP', () => undefined);
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
