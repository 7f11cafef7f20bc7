import type { NativeFunctions } from './function-table.js';

/** A line that the library logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/** `ggml_log_level`, in its order; the fifth continues the line before it. */
const levels = ['debug', 'debug', 'info', 'warn', 'error'] as const;
const continues = 5;

type Koffi = Pick<typeof import('koffi'), 'proto' | 'pointer' | 'register'>;

/**
 * What the library logs. It would write to stderr; here it is silent, but for what somebody listens to. The library logs
 * on any thread; a listener is called on JavaScript's.
 */
export class NativeLog {
  readonly #koffi: Koffi;
  readonly #functions: NativeFunctions;
  /** A function without effect, as the callback of silence. */
  readonly #silence: bigint;
  readonly #listeners = new Set<(line: LogLine) => void>();
  #callback: bigint | undefined;
  #level: LogLine['level'] = 'info';
  #text = '';

  constructor(koffi: Koffi, functions: NativeFunctions, silence: bigint) {
    this.#koffi = koffi;
    this.#functions = functions;
    this.#silence = silence;
    functions.llama_log_set(silence, null);
  }

  /**
   * Calls `listener` with each whole line, after the library's call that logged it. Returns what ends that; what was logged
   * before still comes.
   */
  listen(listener: (line: LogLine) => void): () => void {
    // A listener may throw, call the library, or end the process; a thread of the library waits until this has returned.
    return this.#hear((line) => void setImmediate(() => listener(line)));
  }

  /** The errors and warnings of some work, oldest first, beside its result. */
  async collect<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly problems: readonly string[] }> {
    const problems: string[] = [];
    const stop = this.#hear(({ level, text }) => {
      if (level === 'error' || level === 'warn') problems.push(text);
    });
    try {
      return { result: await work(), problems };
    } finally {
      stop();
    }
  }

  #hear(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    // Registered once and kept: the library may be about to call it on another thread at any time.
    this.#callback ??= this.#koffi.register(
      (level: number, text: string) => this.#receive(level, text),
      this.#koffi.pointer(this.#koffi.proto('void', ['int', 'str', 'void *'])),
    );
    this.#functions.llama_log_set(this.#callback, null);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#functions.llama_log_set(this.#silence, null);
    };
  }

  #receive(level: number, text: string): void {
    if (level !== continues) {
      this.#flush();
      this.#level = levels[level] ?? 'debug';
    }
    this.#text += text;
    if (this.#text.endsWith('\n')) this.#flush();
  }

  #flush(): void {
    const line = { level: this.#level, text: this.#text.trim() };
    this.#text = '';
    if (line.text !== '') for (const listener of this.#listeners) listener(line);
  }
}
