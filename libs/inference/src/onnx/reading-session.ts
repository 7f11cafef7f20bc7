import type { Binding, Runtime, Session, SessionOptions, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';

/**
 * A session over a build's graph that reads. Where it can't share what another session packed, its weights aren't
 * packed at all, which costs a tenth of the time of a long chunk: the file's own pages do.
 */
export function createReadingSession(runtime: Runtime, path: string, options: SessionOptions): Promise<Session> {
  if (options.weights) return runtime.createSession(path, options);
  const entries = { ...options.entries, 'session.disable_prepacking': '1' };
  return runtime.createSession(path, { ...options, entries });
}

/**
 * Where a pass puts the new keys and values of `count` positions.
 *
 * @param fresh for each of `cacheSuffixes`, room for `[kvHeads, count, headSize]`
 */
export function bindFresh(
  binding: Binding,
  fresh: readonly Tensor<'int8'>[],
  { kvHeads, headSize }: { readonly kvHeads: number; readonly headSize: number },
  count: number,
): void {
  for (const [index, tensor] of fresh.entries()) {
    const name = `new_${index % 2 ? 'values' : 'keys'}.${index >> 1}`;
    binding.bindOutput(name, viewTensor(tensor, 0, [kvHeads, count, headSize]));
  }
}
