import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { loadRuntime } from './load-runtime.js';
import type { Runtime, Session } from './runtime.js';
import { chainModel, unitMatrix } from './testing/models.js';
import { runtimeKinds } from './testing/runtime-kinds.js';

const size = 64;
const steps = 5;

/** Right to about a millisecond; clocks that are set meanwhile, and slow machines, may add to it. */
const toleranceMs = 50;

describe.each(runtimeKinds)('the profile of a session in a %s runtime', (kind) => {
  let runtime: Runtime;
  beforeEach(async () => {
    runtime = await loadRuntime({ prefer: kind });
  });
  afterEach(() => runtime.dispose());

  const run = async (session: Session): Promise<void> => {
    const binding = session.createBinding();
    const value = runtime.allocate('float32', [size, size]);
    const factor = runtime.allocate('float32', [size, size]);
    factor.data.set(unitMatrix(size));
    binding.bindInput('value', value);
    binding.bindInput('factor', factor);
    binding.bindOutput('last', runtime.allocate('float32', [size, size]));
    await session.run(binding);
  };
  const folders = async (): Promise<string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith(`mcli-profile-${process.pid}-`));

  it('has every operator of every run when it ran, once, and leaves no file', async () => {
    const session = await runtime.createSession(chainModel(size, steps), { profile: true, optimize: 'none' });
    const started = performance.now();
    await run(session);
    await run(session);
    const ended = performance.now();
    const operators = await session.endProfile();
    if (kind === 'worker') console.log('worker: operators are not measured');
    else {
      expect(operators.map(({ operator }) => operator)).toEqual(new Array(2 * steps).fill('MatMul'));
      for (const { atMs, durationMs } of operators) {
        expect(atMs).toBeGreaterThan(started - toleranceMs);
        expect(atMs + durationMs).toBeLessThan(ended + toleranceMs);
      }
    }
    expect(await session.endProfile()).toEqual([]);
    await run(session);
    expect(await folders()).toEqual([]);
  });

  it('is nothing without the option, and refused after the end', async () => {
    const session = await runtime.createSession(chainModel(size, steps));
    await run(session);
    expect(await session.endProfile()).toEqual([]);
    await session.dispose();
    await expect(session.endProfile()).rejects.toMatchObject({ code: 'disposed' });
  });

  it('leaves no file when nobody asks for it, and when the model is none', async () => {
    const session = await runtime.createSession(chainModel(size, steps), { profile: true });
    await run(session);
    await session.dispose();
    await expect(runtime.createSession(new Uint8Array(8), { profile: true })).rejects.toMatchObject({
      code: 'invalid_model',
    });
    expect(await folders()).toEqual([]);
  });
});
