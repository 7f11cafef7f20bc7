import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { home, root } from './paths.mjs';

const key = 'sk-benchmark-0123456789abcdefghijklmnopqrstuv';

/** mcli's server as a user starts it. */
export class Server {
  #child;
  #origin;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

  /**
   * Starts it and waits until it is ready to answer.
   *
   * @param {string[]} flags
   * @param {{ directory?: string, threads?: number }} options `directory`: `MCLI_HOME`; `threads`: those that the server
   * chooses, unless told otherwise
   */
  static async start(flags, { directory = home, threads } = {}) {
    const server = new Server();
    const started = performance.now();
    const threadFlags = threads === undefined ? [] : ['--threads', `${threads}`];
    const program = join(root, 'apps', 'cli', 'bin', 'mcli.js');
    const kept = Object.entries(process.env).filter(([name]) => !/^(MCLI_|ORT_|NODE_OPTIONS)/.test(name));
    const child = spawn(
      process.execPath,
      [
        program,
        'model',
        'start',
        '--openai-compatible',
        '--port',
        '0',
        '--log-format',
        'json',
        ...threadFlags,
        ...flags,
      ],
      {
        env: { ...Object.fromEntries(kept), MCLI_HOME: directory, MCLI_API_KEY: key },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    server.#child = child;
    let output = '';
    let errors = '';
    child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-2_000)));
    const address = await new Promise((resolve, reject) => {
      child.stdout.on('data', (chunk) => {
        output += chunk;
        const found = /^Listening on (\S+)$/m.exec(output)?.[1];
        if (found) resolve(found);
      });
      child.on('exit', () => reject(new Error(`The server ended: ${errors.trim().split('\n').at(-1) ?? ''}`)));
      child.on('error', reject);
    });
    server.#origin = new URL(address);
    while ((await server.get('/readyz')).status !== 200) await new Promise((done) => setTimeout(done, 5));
    server.readyMs = performance.now() - started;
    return server;
  }

  /** Resolves to the status and the milliseconds until the answer was complete. */
  get(path) {
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const request = http.get(this.#options(path), (response) => {
        response.resume();
        response.on('end', () => resolve({ status: response.statusCode, ms: performance.now() - started }));
      });
      request.on('error', reject);
    });
  }

  /**
   * A streamed chat. `done` resolves to the tokens that were written and the times, in milliseconds of this process'
   * clock, at which something of the answer came; `first` when its first event came, which may be before its prompt
   * was read; `writing` when a few of its tokens have come; `leave` hangs up. `textAt` is when its first text came.
   */
  stream(body) {
    const content = JSON.stringify({
      model: 'smollm2-135m-instruct',
      stream: true,
      stream_options: { include_usage: true },
      ...body,
    });
    const times = [];
    let textAt;
    let tail = '';
    let request;
    let began;
    let wrote;
    const first = new Promise((resolve) => (began = resolve));
    const writing = new Promise((resolve) => (wrote = resolve));
    const done = new Promise((resolve, reject) => {
      request = http.request({ ...this.#options('/v1/chat/completions'), method: 'POST' }, (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          times.push(performance.now());
          if (/"content":\s*"(?!")/.test(chunk)) textAt ??= times.at(-1);
          began(times[0]);
          if (times.length > 4) wrote();
          tail = (tail + chunk).slice(-1_000);
        });
        response.on('end', () => {
          const tokens = Number(/"completion_tokens":\s*(\d+)/.exec(tail)?.[1]);
          if (response.statusCode === 200 && tokens > 0) resolve({ tokens, times, textAt });
          else reject(new Error(`The server answered ${response.statusCode}: ${tail.slice(0, 200)}`));
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.setHeader('content-type', 'application/json');
      request.end(content);
    });
    return { done, first, writing, leave: () => request.destroy() };
  }

  /** Bytes in memory, of all of its processes; `shared` counts pages that several use once. Linux only. */
  memory() {
    if (process.platform !== 'linux') return undefined;
    let resident = 0;
    let shared = 0;
    for (const pid of this.#processes()) {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      resident += 1024 * Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1]);
      shared += 1024 * Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]);
    }
    return { resident, shared };
  }

  async stop() {
    this.#agent.destroy();
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }

  #processes() {
    const parents = new Map();
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        parents.set(Number(name), Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ')[1]));
      } catch {
        // It ended meanwhile.
      }
    }
    const found = [this.#child.pid];
    for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
    return found;
  }

  #options(path) {
    const { hostname, port } = this.#origin;
    return { hostname, port, path, agent: this.#agent, headers: { authorization: `Bearer ${key}` } };
  }
}
