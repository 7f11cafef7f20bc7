import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Models whose times are kept; what was written longest ago goes first. */
const mostEntries = 100;

/** A larger file isn't this one. */
const mostBytes = 100_000;

/** A load of more than a day is no number to tell anyone. */
const longestMs = 24 * 60 * 60 * 1000;

/**
 * How long each model's last load took, kept in `load-times.json` in the state folder, so that the next server can say how
 * long it will take. Only an estimate hangs on it: a file that is missing, damaged or can't be written means that nothing is
 * known, and is never an error. Of two servers that write at once one may win; the file is always whole.
 */
export class LoadTimes {
  readonly #file: string;

  /** @param home the state folder, which is there */
  constructor(home: string) {
    this.#file = join(home, 'load-times.json');
  }

  /**
   * Milliseconds; undefined where nothing is known.
   *
   * @param key names engine and model, such as `onnx smollm2-135m-instruct`
   */
  get(key: string): number | undefined {
    return this.#read().get(key);
  }

  /** Keeps what a load took, in milliseconds. */
  set(key: string, ms: number): void {
    const entries = this.#read();
    entries.delete(key); // goes to the end
    entries.set(key, Math.round(ms));
    const scratch = `${this.#file}.tmp-${randomBytes(6).toString('hex')}`;
    try {
      const kept = Object.fromEntries([...entries].slice(-mostEntries));
      writeFileSync(scratch, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
      renameSync(scratch, this.#file);
    } catch {
      rmSync(scratch, { force: true });
    }
  }

  #read(): Map<string, number> {
    try {
      if (statSync(this.#file).size > mostBytes) return new Map();
      const parsed: unknown = JSON.parse(readFileSync(this.#file, 'utf8'));
      if (typeof parsed !== 'object' || parsed === null) return new Map();
      return new Map(Object.entries(parsed).filter((entry): entry is [string, number] => isTime(entry[1])));
    } catch {
      return new Map();
    }
  }
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= longestMs;
}
