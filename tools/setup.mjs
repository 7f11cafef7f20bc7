// Installs and builds what a fresh clone lacks. `npm run setup` calls it; `npm start` and `npm test` do too.
//
// Two stamps decide: one over the lock file (is node_modules right?), one over the sources (is dist right?).
// When both are right nothing is started, so that a second `npm start` goes past npm and Nx.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export const root = resolve(import.meta.dirname, '..');
const stamps = join(root, '.mcli-setup');

/** @param {{ build?: boolean }} options `build: false` installs only */
export async function setup({ build = true } = {}) {
  checkNode();
  const locked = hash(readFileSync(join(root, 'package-lock.json')));
  const installed = `${locked} ${process.versions.modules} ${process.platform} ${process.arch}`;
  if (!existsSync(join(root, 'node_modules')) || !isStamped('installed', installed)) {
    await step('Installing packages (the first time only)', 'npm', [
      'ci',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    stamp('installed', installed);
  }
  if (!build) return;
  const sources = sourcesStamp(locked);
  const whole = buildable().every((file) => existsSync(join(dirname(file), 'dist')));
  if (!whole || !isStamped('built', sources)) {
    for (const project of projects()) rmSync(join(project, 'dist'), { recursive: true, force: true });
    await step('Building', process.execPath, [
      join('node_modules', 'typescript', 'bin', 'tsc'),
      '--build',
      ...buildable(),
    ]);
    stamp('built', sources);
  }
}

/** Nx's program; where it stands in its package changes between versions. */
export function nxProgram() {
  const folder = join(root, 'node_modules', 'nx');
  return join(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin.nx);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`mcli needs Node.js 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org.`);
  process.exit(1);
}

function projects() {
  return ['libs', 'apps'].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, group, entry.name)),
  );
}

function buildable() {
  return projects()
    .map((project) => join(project, 'tsconfig.lib.json'))
    .filter((file) => existsSync(file));
}

/** Path, size and time of every source file: reading them all would take longer than a start may. */
function sourcesStamp(locked) {
  const lines = [locked];
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (!entry.name.endsWith('.spec.ts')) {
        const { size, mtimeMs } = statSync(path);
        lines.push(`${path} ${size} ${mtimeMs}`);
      }
    }
  };
  for (const project of projects()) {
    if (existsSync(join(project, 'src'))) visit(join(project, 'src'));
  }
  return hash(lines.join('\n'));
}

/** Runs a command, its output kept back unless it fails; a line or a moving clock says that it runs. */
function step(title, command, args) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const live = process.stderr.isTTY && !process.env.CI;
  if (!live) console.error(`${title} …`);
  const clock = live ? setInterval(() => process.stderr.write(`\r${title} … ${seconds()}`), 200) : undefined;
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    const finish = (failure) => {
      clearInterval(clock);
      console.error(`${live ? '\r' : ''}${title}: ${failure ? 'failed' : 'done'} (${seconds()})`);
      if (!failure) return done();
      process.stderr.write(Buffer.concat(output));
      if (failure !== true) console.error(failure);
      process.exit(1);
    };
    child.on('error', (error) => finish(`${command} could not be started: ${error.message}`));
    child.on('close', (code) => finish(code !== 0));
  });
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex');
}

function isStamped(name, value) {
  const file = join(stamps, name);
  return existsSync(file) && readFileSync(file, 'utf8') === value;
}

function stamp(name, value) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), value);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await setup();
