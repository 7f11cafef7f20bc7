import type { BuiltModel } from '@mcli/model-builder';
import type { Runtime, Session, SessionOptions } from '@mcli/ort';
import { createReadingSession } from './reading-session.js';

export interface ModelSessions {
  readonly write: Session;
  /** Only where another graph reads than writes. */
  readonly read?: Session | undefined;
}

/**
 * Loads a build's graphs at the same time. Where the runtime can, they have their matrices in memory once; where
 * that fails, each has its own.
 *
 * @throws OrtError as `Runtime.createSession`
 */
export async function loadSessions(
  runtime: Runtime,
  built: BuiltModel,
  options: SessionOptions,
): Promise<ModelSessions> {
  const { manifest, dataPath, readPath, writePath } = built;
  if (readPath === writePath) return { write: await runtime.createSession(writePath, options) };
  const matrices = manifest.matrices.map(({ shape, ...place }) => ({ ...place, dims: shape }));
  const weights = matrices.length > 0 ? runtime.shareWeights(dataPath, matrices) : undefined;
  const shared = weights && (await loadBoth(runtime, built, { ...options, weights }).catch(() => undefined));
  return shared ?? loadBoth(runtime, built, options);
}

async function loadBoth(
  runtime: Runtime,
  { readPath, writePath }: BuiltModel,
  options: SessionOptions,
): Promise<ModelSessions> {
  const [write, read] = await Promise.allSettled([
    runtime.createSession(writePath, options),
    createReadingSession(runtime, readPath, options),
  ]);
  if (write.status === 'fulfilled' && read.status === 'fulfilled') return { write: write.value, read: read.value };
  for (const loaded of [write, read]) if (loaded.status === 'fulfilled') await loaded.value.dispose();
  throw (write.status === 'rejected' ? write : (read as PromiseRejectedResult)).reason;
}
