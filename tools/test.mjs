// `npm test`: set-up, then every check of the project. `npm run test:long` adds what takes minutes.
// The last line counts the tests that ran: a run that executed nothing is seen.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nxProgram, root, setup } from './setup.mjs';

const long = process.argv.includes('--long');
const started = Date.now();
await setup();

const scratch = mkdtempSync(join(tmpdir(), 'mcli-test-'));
const benchmarkResults = join(scratch, 'benchmarks.tap');
const nx = (...args) => [process.execPath, [nxProgram(), ...args]];
const checks = [
  [
    'format',
    process.execPath,
    [join('node_modules', 'prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
  ],
  ['project references', ...nx('sync:check')],
  ['lint, types, build', ...nx('run-many', '-t', 'lint', 'typecheck', 'build')],
  ['unit tests', ...nx('run-many', '-t', 'test', '--', '--coverage')],
  [
    'benchmark tools',
    process.execPath,
    [
      '--test',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      `--test-reporter-destination=${benchmarkResults}`,
      join('tools', 'benchmarks', 'src'),
    ],
  ],
  ['end to end', ...nx('run-many', '-t', 'e2e')],
];

for (const project of projectFolders()) rmSync(join(project, 'test-output'), { recursive: true, force: true });
const failures = [];
for (const [title, command, args] of checks) {
  console.log(`\n── ${title} ──`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...(long ? { MCLI_TEST_LONG: '1' } : {}) },
  });
  if (status !== 0) failures.push(title);
}

printCoverage();
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const summary of read('summary.json')) for (const key of Object.keys(totals)) totals[key] += summary[key];
countBenchmarkTests();
rmSync(scratch, { recursive: true, force: true });
// A check that is no test (format, lint, types) counts as one, so that the line can't hide its failure.
const failed = Math.max(totals.failed, failures.length);
if (failures.length) console.log(`\nFailed: ${failures.join(', ')}.`);
console.log(`\nTook ${Math.round((Date.now() - started) / 1000)} s.`);
console.log(`${totals.passed} passed, ${failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`);
process.exitCode = failures.length || totals.passed === 0 ? 1 : 0;

function projectFolders() {
  return ['libs', 'apps'].flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)));
}

function read(...name) {
  return projectFolders()
    .map((project) => join(project, 'test-output', ...name))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')));
}

function countBenchmarkTests() {
  const results = existsSync(benchmarkResults) ? readFileSync(benchmarkResults, 'utf8') : '';
  for (const [key, word] of Object.entries({ passed: 'pass', failed: 'fail', skipped: 'skipped' }))
    totals[key] += Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(results)?.[1] ?? 0);
}

function printCoverage() {
  console.log('\n── coverage of lines ──');
  for (const project of projectFolders()) {
    const file = join(project, 'test-output', 'coverage', 'coverage-summary.json');
    if (!existsSync(file)) continue;
    const { total } = JSON.parse(readFileSync(file, 'utf8'));
    console.log(`${project.slice(root.length + 1).padEnd(24)} ${total.lines.pct} %`);
  }
}
