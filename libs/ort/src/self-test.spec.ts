import { loadRuntime } from './load-runtime.js';
import type { Binding, Runtime, Session } from './runtime.js';
import { selfTest } from './self-test.js';
import { runtimeKinds } from './testing/runtime-kinds.js';
import type { Tensor } from './tensor.js';

describe.each(runtimeKinds)('the self-test of a %s runtime', (kind) => {
  it('ends with entries that compute right', async () => {
    const runtime = await loadRuntime({ prefer: kind });
    const result = await selfTest(runtime);
    await runtime.dispose();
    expect(result.exact).toBe(true);
    expect(Object.keys(result.entries)).toEqual(result.saturates ? ['session.x64quantprecision'] : []);
  });
});

describe('the self-test of a runtime that saturates', () => {
  it('names the entry that helps', async () => {
    const runtime = await aSaturatingRuntime((entries) => entries['session.x64quantprecision'] !== '1');
    expect(await selfTest(runtime)).toEqual({
      saturates: true,
      entries: { 'session.x64quantprecision': '1' },
      exact: true,
    });
    await runtime.dispose();
  });

  it('says so when nothing helps', async () => {
    const runtime = await aSaturatingRuntime(() => true);
    expect(await selfTest(runtime)).toMatchObject({ saturates: true, exact: false });
    await runtime.dispose();
  });
});

/** A runtime whose products are as large as the sum of two in 16 bits lets them be. */
async function aSaturatingRuntime(saturates: (entries: Readonly<Record<string, string>>) => boolean): Promise<Runtime> {
  const runtime = await loadRuntime();
  const createSession: Runtime['createSession'] = async (model, options) => {
    const session = await runtime.createSession(model, options);
    return saturates(options?.entries ?? {}) ? saturating(session) : session;
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
