import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ResolvedSessionOptions } from './driver.js';
import { OrtError } from './ort-error.js';
import type { SessionOptions } from './runtime.js';

/**
 * Threads that a session computes with unless told otherwise: one for each physical core that this process may use. Two threads on the
 * two halves of one core slow each other down. Where the system does not tell cores from halves, all count.
 */
export function defaultThreads(): number {
  const usable = availableParallelism();
  return Math.max(1, Math.min(usable, physicalCores() ?? usable));
}

function physicalCores(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const cores = new Set<string>();
    for (const processor of readFileSync('/proc/cpuinfo', 'utf8').split('\n\n')) {
      const core = /^core id\s*:\s*(\d+)$/m.exec(processor)?.[1];
      if (core !== undefined) cores.add(`${/^physical id\s*:\s*(\d+)$/m.exec(processor)?.[1] ?? ''}:${core}`);
    }
    return cores.size || undefined;
  } catch {
    return undefined;
  }
}

/** @throws OrtError `invalid_argument` */
export function resolveSessionOptions(options: SessionOptions): ResolvedSessionOptions {
  const threads = options.threads ?? defaultThreads();
  if (!Number.isSafeInteger(threads) || threads < 1 || threads > 1024) {
    throw new OrtError('invalid_argument', `threads must be a whole number from 1 to 1024, got ${threads}.`);
  }
  const flag = (value: boolean | undefined): string => (value === false ? '0' : '1');
  return {
    threads,
    memoryArena: options.memoryArena ?? true,
    optimize: options.optimize ?? 'all',
    profile: options.profile ?? false,
    ...(options.weights ? { weights: options.weights } : {}),
    entries: {
      'session.set_denormal_as_zero': flag(options.denormalsAsZero),
      'session.intra_op.allow_spinning': flag(options.spinning),
      ...options.entries,
    },
  };
}
