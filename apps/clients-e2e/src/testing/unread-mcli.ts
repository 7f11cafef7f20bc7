import type { ChildProcess, StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { cleanEnvironment } from './mcli.js';

const program = resolve(import.meta.dirname, '../../../cli/bin/mcli.js');
const key = 'a-key-of-a-server-that-nobody-reads';

/** Longer than anything here may take: whoever waits for it hangs. Milliseconds. */
const hangMs = 100_000;

/** A server whose output plays no part: it is watched over its port and its processes. Linux only. */
export class UnreadMcli {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly #ended: Promise<[number | null, NodeJS.Signals | null]>;

  private constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.origin = `http://127.0.0.1:${port}`;
    this.#ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  }

  /** Starts it, as the leader of a process group of its own, and doesn't wait. */
  static async spawn(home: string, args: readonly string[], stdio: StdioOptions = 'ignore'): Promise<UnreadMcli> {
    const port = await freePort();
    const fixed = ['model', 'start', '--openai-compatible', '--host', '127.0.0.1', '--context', '128'];
    const child = spawn(process.execPath, [program, ...fixed, '--port', String(port), '--api-key', key, ...args], {
      env: cleanEnvironment(home),
      stdio,
      detached: true,
    });
    return new UnreadMcli(child, port);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('The server could not be started.');
    return this.child.pid;
  }

  /** All processes of its group that run now, the server's own included. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => groupOf(pid) === this.pid);
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.origin}${path}`, { headers: { authorization: `Bearer ${key}` } });
  }

  /** The id of the first model and the number of tokens that it wrote. */
  async answer(): Promise<{ readonly model: string; readonly tokens: number }> {
    const { data } = (await (await this.get('/v1/models')).json()) as { data: readonly { id: string }[] };
    const model = data[0]?.id ?? '';
    const reply = await fetch(`${this.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 }),
    });
    const { usage } = (await reply.json()) as { usage?: { completion_tokens: number } };
    return { model, tokens: usage?.completion_tokens ?? 0 };
  }

  /** Waits for something to become true while the server runs. @throws when the server ends before, or after 100 s */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (const startedAt = performance.now(); performance.now() - startedAt < hangMs; await sleep(10)) {
      if (await condition()) return;
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error('The server has ended.');
    }
    throw new Error(`The server was waited for in vain: ${condition}`);
  }

  async untilReady(): Promise<void> {
    await this.until(async () => (await this.get('/readyz').catch(() => undefined))?.status === 200);
  }

  /** Resolves to how the server ended, when no process of its group is left. @throws when one is, after 100 s */
  async ended(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    const hang = setTimeout(() => this.end(), hangMs);
    const [code, signal] = await this.#ended;
    clearTimeout(hang);
    for (const startedAt = performance.now(); this.processes().length > 0; await sleep(10)) {
      if (performance.now() - startedAt < hangMs) continue;
      this.end();
      throw new Error('The server left a process behind.');
    }
    return { code, signal };
  }

  /** For the end of a test that may have failed: leaves nothing running. */
  end(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // None of the group is left.
    }
  }
}

/** The process group of a process that runs; undefined for one that is gone or has ended. */
function groupOf(pid: number): number | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , group] = line.slice(line.lastIndexOf(') ') + 2).split(' '); // state, parent, group
    return state === 'Z' ? undefined : Number(group);
  } catch {
    return undefined;
  }
}
