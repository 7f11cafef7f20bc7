import type { Binding, Runtime, Session, SessionOptions, Tensor } from '@mcli/ort';
import { viewTensor } from '@mcli/ort';

/**
 * A session over a build's graph that reads. Its weights aren't packed beforehand, which long chunks hardly gain by: the
 * file's own pages do.
 */
export function createReadingSession(
  runtime: Runtime,
  path: string,
  { entries, ...options }: SessionOptions,
): Promise<Session> {
  return runtime.createSession(path, { ...options, entries: { ...entries, 'session.disable_prepacking': '1' } });
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
