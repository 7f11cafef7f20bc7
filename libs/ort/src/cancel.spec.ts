import { loadRuntime } from './load-runtime.js';
import type { Runtime } from './runtime.js';
import { chainModel, unitMatrix } from './testing/models.js';
import { runtimeKinds } from './testing/runtime-kinds.js';

const SIZE = 384;
const STEPS = 150;

describe.each(runtimeKinds)('a run of a %s runtime', (kind) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadRuntime({ prefer: kind });
  });
  afterAll(() => runtime.dispose());

  async function aSlowRun() {
    const session = await runtime.createSession(chainModel(SIZE, STEPS), { threads: 1 });
    const binding = session.createBinding();
    const [value, factor, last] = Array.from({ length: 3 }, () => runtime.allocate('float32', [SIZE, SIZE]));
    if (!value || !factor || !last) throw new Error('unreachable');
    value.data.forEach((_, i) => (value.data[i] = i % 7));
    factor.data.set(unitMatrix(SIZE));
    binding.bindInput('value', value);
    binding.bindInput('factor', factor);
    binding.bindOutput('last', last);
    const isRight = () => last.data.every((element, i) => element === i % 7);
    return { session, binding, last, isRight };
  }

  it('leaves the event loop free', async () => {
    const { session, binding, isRight } = await aSlowRun();
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await session.run(binding);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    expect(isRight()).toBe(true);
  });

  it('rejects with the reason of an abort, and the next run is right', async () => {
    const { session, binding, last, isRight } = await aSlowRun();
    const abort = new AbortController();
    const reason = new Error('nobody reads any more');
    const run = session.run(binding, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    await expect(run).rejects.toBe(reason);
    if (runtime.capabilities.terminate) expect(isRight()).toBe(false);
    else console.log(`${kind}: a run under way is not cut short (terminate is not among its capabilities)`);
    last.data.fill(0);
    await session.run(binding, { signal: new AbortController().signal });
    expect(isRight()).toBe(true);
  });

  it('does not begin when it was aborted before', async () => {
    const { session, binding, last } = await aSlowRun();
    await expect(session.run(binding, { signal: AbortSignal.abort('too late') })).rejects.toBe('too late');
    expect(last.data.every((element) => element === 0)).toBe(true);
  });

  it('aborts only the run that the signal belongs to', async () => {
    const first = await aSlowRun();
    const second = await aSlowRun();
    const abort = new AbortController();
    const runs = Promise.allSettled([
      first.session.run(first.binding, { signal: abort.signal }),
      second.session.run(second.binding),
    ]);
    setTimeout(() => abort.abort(), 20);
    expect((await runs).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(second.isRight()).toBe(true);
  });

  it('keeps its binding to itself', async () => {
    const { session, binding, last, isRight } = await aSlowRun();
    const run = session.run(binding);
    await expect(session.run(binding)).rejects.toMatchObject({ code: 'busy' });
    expect(() => binding.bindOutput('last', last)).toThrow(expect.objectContaining({ code: 'busy' }));
    await run;
    expect(isRight()).toBe(true);
  });

  it('is waited for when the session is disposed of', async () => {
    const { session, binding, isRight } = await aSlowRun();
    const order: string[] = [];
    const run = session.run(binding).then(() => order.push('run'));
    await session.dispose().then(() => order.push('dispose'));
    await run;
    expect(order).toEqual(['run', 'dispose']);
    expect(isRight()).toBe(true);
  });

  it('ends before a binding lets go of its tensors', async () => {
    const { session, binding, isRight } = await aSlowRun();
    const run = session.run(binding);
    binding.dispose();
    binding.dispose();
    await run;
    expect(isRight()).toBe(true);
    await expect(session.run(binding)).rejects.toMatchObject({ code: 'disposed' });
  });
});
