import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OrtError } from '../ort-error.js';
import type { OperatorRun } from '../runtime.js';
import type { NativeApi } from './native-api.js';
import { parseProfile } from './parse-profile.js';

/** What the runtime measures of a session. It writes a file, which only exists between `end` and the end of `end`. */
export class NativeProfile {
  /** How the path of the runtime's file begins. */
  readonly prefix: string;
  readonly #folder: string;
  readonly #createdAt = performance.now();

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), `mcli-profile-${process.pid}-`));
    this.prefix = join(this.#folder, 'operators');
  }

  /** @throws OrtError `run_failed` */
  end(api: NativeApi, session: bigint): readonly OperatorRun[] {
    try {
      const started = new BigUint64Array(1);
      api.check(api.functions.SessionGetProfilingStartTimeNs(session, started), 'run_failed');
      return parseProfile(readFileSync(this.#write(api, session), 'utf8'), this.#toClock(started[0] ?? 0n));
    } catch (cause) {
      if (cause instanceof OrtError) throw cause;
      throw new OrtError('run_failed', `What was measured can't be read: ${(cause as Error).message}`, { cause });
    } finally {
      this.discard();
    }
  }

  /** Ends it without a result. */
  stop(api: NativeApi, session: bigint): void {
    try {
      this.#write(api, session);
    } finally {
      this.discard();
    }
  }

  discard(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(api: NativeApi, session: bigint): string {
    const { functions } = api;
    const address = api.create('run_failed', (out) => functions.SessionEndProfiling(session, api.allocator, out));
    const path = api.readString(address);
    api.check(functions.AllocatorFree(api.allocator, address), 'run_failed');
    return path;
  }

  /**
   * The runtime's beginning by `performance.now`. It is told by C++'s `high_resolution_clock`: on Linux that is the time of day,
   * elsewhere the clock of `process.hrtime`. Whichever comes near the session's creation is right.
   */
  #toClock(startedNs: bigint): number {
    const ms = Number(startedNs) / 1e6;
    const sinceBoot = performance.now() - Number(process.hrtime.bigint()) / 1e6;
    const distance = (time: number): number => Math.abs(time - this.#createdAt);
    const [nearest] = [ms - performance.timeOrigin, ms + sinceBoot].sort((a, b) => distance(a) - distance(b));
    return nearest !== undefined && distance(nearest) < 60_000 ? nearest : this.#createdAt;
  }
}
