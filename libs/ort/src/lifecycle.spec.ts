import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadRuntime } from './load-runtime.js';
import type { Runtime, Session } from './runtime.js';
import { addModel, attentionModel } from './testing/models.js';
import { runtimeKinds } from './testing/runtime-kinds.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe.each(runtimeKinds)('the lifecycle of a %s runtime', (kind) => {
  let runtime: Runtime;
  beforeEach(async () => {
    runtime = await loadRuntime({ prefer: kind });
  });
  afterEach(() => runtime.dispose());

  const bindNew = (session: Session, rows: number, value = 1) => {
    const binding = session.createBinding();
    const a = runtime.allocate('float32', [rows, 2]);
    a.data.fill(value);
    const sum = runtime.allocate('float32', [rows, 2]);
    binding.bindInput('a', a);
    binding.bindInput('b', a);
    binding.bindOutput('sum', sum);
    return { binding, sum };
  };

  it('refuses everything once disposed of, and lets itself be disposed of again', async () => {
    const session = await runtime.createSession(addModel());
    const { binding } = bindNew(session, 1);
    await runtime.dispose();
    await runtime.dispose();
    await session.dispose();
    binding.dispose();
    const disposed = { name: 'OrtError', code: 'disposed' };
    expect(() => runtime.allocate('float32', [1])).toThrow(expect.objectContaining(disposed));
    expect(() => session.createBinding()).toThrow(expect.objectContaining(disposed));
    await expect(session.run(binding)).rejects.toMatchObject(disposed);
    await expect(runtime.createSession(addModel())).rejects.toMatchObject(disposed);
  });

  it('disposes of sessions that are still being loaded', async () => {
    const loading = runtime.createSession(addModel());
    await runtime.dispose();
    const session = await loading;
    expect(() => session.createBinding()).toThrow(expect.objectContaining({ code: 'disposed' }));
  });

  it('leaves other runtimes of the process alone', async () => {
    const other = await loadRuntime({ prefer: kind });
    await other.dispose();
    const session = await runtime.createSession(addModel());
    const { binding, sum } = bindNew(session, 1);
    await session.run(binding);
    expect([...sum.data]).toEqual([2, 2]);
  });

  it('keeps memory alive that only a binding refers to', async () => {
    const session = await runtime.createSession(addModel());
    const bindings = Array.from({ length: 20 }, (_, i) => bindNew(session, 50_000, i));
    collectGarbage();
    // What was freed by mistake is taken and overwritten.
    const others = Array.from({ length: 20 }, () => runtime.allocate('float32', [50_000, 2]).data.fill(-1));
    for (const { binding } of bindings) await session.run(binding);
    expect(others).toHaveLength(20);
    expect(bindings.every(({ sum }, i) => sum.data.every((value) => value === 2 * i))).toBe(true);
  });

  it('frees what 200 sessions took', async () => {
    const cycle = async (): Promise<void> => {
      const session = await runtime.createSession(attentionModel(), { threads: 2 });
      session.createBinding();
      const adder = await runtime.createSession(addModel(), { threads: 1 });
      const { binding } = bindNew(adder, 10_000);
      await adder.run(binding);
      await adder.dispose();
      await session.dispose();
    };
    const residentMegabytes = (): number => {
      collectGarbage();
      return process.memoryUsage.rss() / 2 ** 20;
    };
    for (let i = 0; i < 40; i += 1) await cycle();
    const before = residentMegabytes();
    for (let i = 0; i < 200; i += 1) await cycle();
    // One forgotten binding keeps 160 kB: 32 MB for all of them, and a forgotten session much more.
    expect(residentMegabytes() - before).toBeLessThan(25);
  });
});
