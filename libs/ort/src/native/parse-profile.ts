import type { OperatorRun } from '../runtime.js';

/** An event of a profile, as far as it is known. Times are microseconds. */
interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

const ending = '_kernel_time';

/**
 * The operators in a profile of ONNX Runtime: a Chrome trace, whose events of the category `Node` that end with
 * `_kernel_time` are the operators' own.
 *
 * @param startedAt when measuring began; the file's times count from there. Milliseconds
 * @throws SyntaxError when it is no JSON
 * @see https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
 */
export function parseProfile(text: string, startedAt: number): readonly OperatorRun[] {
  const events = JSON.parse(text) as readonly ProfileEvent[];
  const runs: OperatorRun[] = [];
  for (const { cat, name = '', ts = 0, dur = 0, args } of events) {
    if (cat !== 'Node' || !name.endsWith(ending)) continue;
    const node = name.slice(0, -ending.length);
    runs.push({ operator: args?.op_name ?? node, node, atMs: startedAt + ts / 1000, durationMs: dur / 1000 });
  }
  return runs.sort((a, b) => a.atMs - b.atMs);
}
