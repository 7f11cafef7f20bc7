import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const program = resolve(import.meta.dirname, '../../../cli/bin/mcli.js');

/** How a command ended and what it wrote. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for `MCLI_HOME` that goes away with `remove`. */
export function temporaryHome(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'mcli-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The environment of this process without what could steer mcli, and with `home` as its state. */
export function cleanEnvironment(home: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(MCLI_|OPENAI_|NODE_OPTIONS|ORT_)/.test(name));
  return { ...Object.fromEntries(kept), HOME: home, MCLI_HOME: home, ...more };
}

/** Runs a command to its end. */
export async function mcli(
  home: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...args], {
    env: cleanEnvironment(home, more),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const hang = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(hang);
  return { code, ...output };
}

/** A server that was started by the command line, as a user would. */
export class RunningMcli {
  readonly home: string;
  readonly #child: ChildProcess;
  readonly #output: { stdout: string; stderr: string };

  private constructor(home: string, child: ChildProcess, output: { stdout: string; stderr: string }) {
    this.home = home;
    this.#child = child;
    this.#output = output;
  }

  /** Resolves when it serves. @throws when it ends before, with what it wrote */
  static async start(
    home: string,
    args: readonly string[] = [],
    more: Record<string, string> = {},
  ): Promise<RunningMcli> {
    const child = spawn(process.execPath, [program, 'model', 'start', '--port', '0', '--log-format', 'json', ...args], {
      env: cleanEnvironment(home, more),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new RunningMcli(home, child, collect(child));
    await server.untilOutput(/^Listening on (\S+)$/m);
    return server;
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /** What `Listening on` named: with `/v1` when it is OpenAI-compatible. */
  get baseUrl(): string {
    return /^Listening on (\S+)$/m.exec(this.stdout)?.[1] ?? '';
  }

  get origin(): string {
    return new URL(this.baseUrl).origin;
  }

  /** The first key, as it was shown. */
  get firstKey(): string {
    return /export OPENAI_API_KEY=(\S+)/.exec(this.stdout)?.[1] ?? '';
  }

  /** The log's lines. */
  get log(): Record<string, unknown>[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits until what was written matches. @throws after 60 s, or when the server ends before */
  async untilOutput(pattern: RegExp): Promise<void> {
    for (let waited = 0; waited < 120_000; waited += 20) {
      if (pattern.test(this.stdout) || pattern.test(this.stderr)) return;
      if (this.#child.exitCode !== null) break;
      await new Promise((done) => setTimeout(done, 20));
    }
    this.#child.kill('SIGKILL');
    throw new Error(`The server didn't write ${pattern}.\n${this.stdout}\n${this.stderr}`);
  }

  /** Ends it without a word, as the kernel does when memory is short. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends it as a service manager would. Resolves to the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, 'close') as Promise<[number | null]>;
    this.#child.kill('SIGTERM');
    const hang = setTimeout(() => this.#child.kill('SIGKILL'), 90_000);
    const [code] = await closed;
    clearTimeout(hang);
    return code;
  }
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return output;
}
