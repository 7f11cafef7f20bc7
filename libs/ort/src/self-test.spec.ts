import { loadRuntime } from './load-runtime.js';
import type { Binding, Runtime, Session } from './runtime.js';
import { selfTest } from './self-test.js';
import { runtimeKinds } from './testing/runtime-kinds.js';
import type { Tensor } from './tensor.js';

describe.each(runtimeKinds)('the self-test of a %s runtime', (kind) => {
  it('finds weights that are multiplied right', async () => {
    const runtime = await loadRuntime({ prefer: kind });
    const result = await selfTest(runtime);
    await runtime.dispose();
    expect(result.exact).toBe(true);
    expect(result.weights).toBe(result.saturates ? 'uint8' : 'int8');
  });
});

describe('the self-test of a runtime that saturates', () => {
  it('asks for uint8 weights', async () => {
    const runtime = await aSaturatingRuntime((sessions) => sessions === 1);
    expect(await selfTest(runtime)).toEqual({ saturates: true, weights: 'uint8', exact: true });
    await runtime.dispose();
  });

  it('says so when nothing helps', async () => {
    const runtime = await aSaturatingRuntime(() => true);
    expect(await selfTest(runtime)).toMatchObject({ saturates: true, exact: false });
    await runtime.dispose();
  });
});

/**
 * A runtime whose products are as large as the sum of two in 16 bits lets them be.
 *
 * @param saturates whether that holds for the session made as the first, the second …
 */
async function aSaturatingRuntime(saturates: (sessions: number) => boolean): Promise<Runtime> {
  const runtime = await loadRuntime();
  let sessions = 0;
  const createSession: Runtime['createSession'] = async (model, options) => {
    const session = await runtime.createSession(model, options);
    return saturates(++sessions) ? saturating(session) : session;
  };
  return {
    kind: runtime.kind,
    version: runtime.version,
    capabilities: runtime.capabilities,
    allocate: (type, dims) => runtime.allocate(type, dims),
    shareWeights: (path, weights) => runtime.shareWeights(path, weights),
    dispose: () => runtime.dispose(),
    createSession,
  };
}

function saturating(session: Session): Session {
  const outputs = new Map<Binding, Tensor>();
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    dispose: () => session.dispose(),
    endProfile: () => session.endProfile(),
    createBinding() {
      const binding = session.createBinding();
      const bindOutput = binding.bindOutput.bind(binding);
      binding.bindOutput = (name, tensor) => {
        outputs.set(binding, tensor);
        bindOutput(name, tensor);
      };
      return binding;
    },
    async run(binding) {
      await session.run(binding);
      const product = outputs.get(binding)?.data;
      product?.forEach((value, i) => (product[i] = Math.min(Number(value), 32 * 32767)));
    },
  };
}
