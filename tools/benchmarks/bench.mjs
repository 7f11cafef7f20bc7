// `npm run bench`: installs and builds what is missing, measures, prints. See README.md.
import { setup } from '../setup.mjs';
import { help, readOptions, UsageError } from './src/options.mjs';

const progress = (text) => console.error(`· ${text}`);

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else if (options.join) await writeJoined(options.join);
  else if (options.page) await writePageAgain();
  else await main(options);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(options) {
  if (options.build) await setup();
  const started = performance.now();
  const report = options.micro
    ? await measureMicro(options)
    : options.frontier
      ? await measureFrontier(options)
      : await measure(options);
  progress(`Took ${Math.round((performance.now() - started) / 1000)} s.`);
  if (options.json) console.log(JSON.stringify(report));
}

async function writeJoined(paths) {
  const { joinReports } = await import('./src/join-reports.mjs');
  const { writeReport } = await import('./src/write-report.mjs');
  for (const path of await writeReport(joinReports(paths))) progress(`wrote ${path}`);
}

async function writePageAgain() {
  const { writePage } = await import('./src/write-report.mjs');
  for (const path of await writePage()) progress(`wrote ${path}`);
}

async function measure(options) {
  const { run } = await import('./src/run.mjs');
  const { printReport } = await import('./src/print-report.mjs');
  const report = await run({ ...options, progress });
  printReport(report);
  // A part, or a short run, must not replace the whole page.
  const isWhole = !options.quick && !options.only && options.models.length > 1 && options.engines.length > 1;
  if (options.write && isWhole) {
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
