import type { IntegerWeights, Runtime } from '@mcli/ort';
import { loadRuntime, selfTest } from '@mcli/ort';

let known: Promise<IntegerWeights> | undefined;

/**
 * What 8-bit weights must be stored as to be multiplied right by this machine's processor: found out once per process.
 *
 * @param runtime one that is loaded already, to find out with. @default one that is loaded for it
 * @throws OrtError when the runtime can't be loaded
 */
export function exactIntegers(runtime?: Runtime): Promise<IntegerWeights> {
  return (known ??= (runtime ? measureOn(runtime) : measure()).catch((error: unknown) => {
    known = undefined;
    throw error;
  }));
}

async function measure(): Promise<IntegerWeights> {
  const runtime = await loadRuntime();
  try {
    return await measureOn(runtime);
  } finally {
    await runtime.dispose();
  }
}

async function measureOn(runtime: Runtime): Promise<IntegerWeights> {
  return (await selfTest(runtime)).weights;
}
