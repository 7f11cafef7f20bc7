// `npm run bench`: installs and builds what is missing, measures, prints. See README.md.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setup } from '../setup.mjs';
import { help, readOptions, UsageError } from './src/options.mjs';

const folder = import.meta.dirname;
const progress = (text) => console.error(`· ${text}`);

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else if (options.join) await writeJoined(options.join);
  else await main(options);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(options) {
  if (options.build) {
    await setup();
    if (!options.micro && !options.frontier) install();
  }
  const started = performance.now();
  const report = options.micro
    ? await measureMicro(options)
    : options.frontier
      ? await measureFrontier(options)
      : await measure(options, started);
  progress(`Took ${Math.round((performance.now() - started) / 1000)} s.`);
  if (options.json) console.log(JSON.stringify(report));
}

async function writeJoined(paths) {
  const { joinReports } = await import('./src/join-reports.mjs');
  const { writeReport } = await import('./src/write-report.mjs');
  for (const path of await writeReport(joinReports(paths))) progress(`wrote ${path}`);
}

async function measure(options, started) {
  const { run } = await import('./src/run.mjs');
  const { printReport } = await import('./src/print-report.mjs');
  const report = await run({ ...options, progress, started });
  printReport(report);
  // A part, or a short run, must not replace the whole page.
  if (options.write && !options.quick && !options.only) {
    const { writeReport } = await import('./src/write-report.mjs');
    for (const path of await writeReport(report)) progress(`wrote ${path}`);
  }
  return report;
}

async function measureFrontier(options) {
  const { measureFrontier: measureForms, frontierTable } = await import('./src/quality.mjs');
  const forms = await measureForms({ ...options, progress });
  console.log(frontierTable(forms));
  return { kind: 'frontier', forms };
}

async function measureMicro(options) {
  const { runMicro, printMicro } = await import('./src/micro/run-micro.mjs');
  const report = await runMicro({ ...options, progress });
  printMicro(report);
  return report;
}

/** llama.cpp, which the workspace itself doesn't need; once for each lock file. */
function install() {
  const stamp = join(folder, 'node_modules', '.mcli-installed');
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const wanted = `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  progress('Installing llama.cpp for Node (the first time only)');
  const { status, stdout, stderr, error } = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' },
    shell: process.platform === 'win32',
  });
  if (status !== 0)
    throw new Error(
      `npm ci failed in tools/benchmarks: ${error?.message ?? (stderr || stdout).trim().split('\n').join('; ')}`,
    );
  writeFileSync(stamp, wanted);
}
