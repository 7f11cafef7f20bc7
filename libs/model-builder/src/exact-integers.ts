import type { IntegerWeights } from '@mcli/ort';
import { loadRuntime, selfTest } from '@mcli/ort';

let known: Promise<IntegerWeights> | undefined;

/**
 * What 8-bit weights must be stored as to be multiplied right by this machine's processor: found out once per process.
 *
 * @throws OrtError when the runtime can't be loaded
 */
export function exactIntegers(): Promise<IntegerWeights> {
  return (known ??= measure().catch((error: unknown) => {
    known = undefined;
    throw error;
  }));
}

async function measure(): Promise<IntegerWeights> {
  const runtime = await loadRuntime();
  try {
    return (await selfTest(runtime)).weights;
  } finally {
    await runtime.dispose();
  }
}
