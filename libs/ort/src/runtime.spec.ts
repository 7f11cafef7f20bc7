import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRuntime } from './load-runtime.js';
import type { Runtime } from './runtime.js';
import { viewTensor } from './tensor.js';
import type { TensorType } from './tensor.js';
import { addModel, externalModel, identityModel } from './testing/models.js';
import { runtimeKinds } from './testing/runtime-kinds.js';

describe.each(runtimeKinds)('a %s runtime', (kind) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadRuntime({ prefer: kind });
  });
  afterAll(() => runtime.dispose());

  async function anAdder() {
    const session = await runtime.createSession(addModel());
    const binding = session.createBinding();
    const bind = (rows: number) => {
      const [a, b, sum] = [[rows, 2] as const, [rows, 2] as const, [rows, 2] as const].map((dims) =>
        runtime.allocate('float32', dims),
      );
      if (!a || !b || !sum) throw new Error('unreachable');
      binding.bindInput('a', a);
      binding.bindInput('b', b);
      binding.bindOutput('sum', sum);
      return { a: a.data, b: b.data, sum: sum.data };
    };
    return { session, binding, bind };
  }

  it('says what it is', () => {
    expect(runtime.kind).toBe(kind);
    expect(runtime.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('tells names, types and shapes of inputs and outputs', async () => {
    const session = await runtime.createSession(addModel());
    expect(session.inputs).toEqual([
      { name: 'a', type: 'float32', dims: ['rows', 2] },
      { name: 'b', type: 'float32', dims: ['rows', 2] },
    ]);
    expect(session.outputs).toEqual([{ name: 'sum', type: 'float32', dims: ['rows', 2] }]);
    const anonymous = await runtime.createSession(identityModel('int64', [-1, 3]));
    expect(anonymous.inputs).toEqual([{ name: 'value', type: 'int64', dims: [-1, 3] }]);
  });

  it('computes, and again after the memory was changed', async () => {
    const { session, binding, bind } = await anAdder();
    const { a, b, sum } = bind(2);
    a.set([1, 2, 3, 4]);
    b.fill(10);
    await session.run(binding);
    expect([...sum]).toEqual([11, 12, 13, 14]);
    b.fill(20);
    await session.run(binding);
    expect([...sum]).toEqual([21, 22, 23, 24]);
  });

  it('replaces a tensor that is bound a second time', async () => {
    const { session, binding, bind } = await anAdder();
    const first = bind(3);
    const second = bind(1);
    second.a.set([1, 2]);
    second.b.set([3, 4]);
    await session.run(binding);
    expect([...second.sum]).toEqual([4, 6]);
    expect([...first.sum]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('runs several bindings of one session at once', async () => {
    const session = await runtime.createSession(addModel());
    const results = await Promise.all(
      [1, 2, 3].map(async (value) => {
        const binding = session.createBinding();
        const tensor = runtime.allocate('float32', [1, 2]);
        tensor.data.fill(value);
        const sum = runtime.allocate('float32', [1, 2]);
        binding.bindInput('a', tensor);
        binding.bindInput('b', tensor);
        binding.bindOutput('sum', sum);
        await session.run(binding);
        return [...sum.data];
      }),
    );
    expect(results).toEqual([
      [2, 2],
      [4, 4],
      [6, 6],
    ]);
  });

  it.each<[TensorType, readonly (number | bigint)[]]>([
    ['float32', [1.5, -2, 2 ** 100]],
    ['float16', [0x3c00, 0xc000, 0x7bff]],
    ['int8', [-128, 0, 127]],
    ['uint8', [0, 1, 255]],
    ['int32', [-(2 ** 31), 0, 2 ** 31 - 1]],
    ['int64', [-(2n ** 63n), 0n, 2n ** 63n - 1n]],
    ['bool', [1, 0, 1]],
  ])('passes %s through', async (type, values) => {
    const session = await runtime.createSession(identityModel(type, ['count']));
    const binding = session.createBinding();
    const value = runtime.allocate(type, [3]);
    const copy = runtime.allocate(type, [3]);
    values.forEach((element, i) => (value.data[i] = element));
    binding.bindInput('value', value);
    binding.bindOutput('copy', copy);
    await session.run(binding);
    expect([...copy.data]).toEqual(values);
  });

  it('passes a single number and no number at all', async () => {
    for (const dims of [[], [0]]) {
      const session = await runtime.createSession(identityModel('float32', dims));
      const binding = session.createBinding();
      const value = runtime.allocate('float32', dims);
      value.data.fill(3);
      const copy = runtime.allocate('float32', dims);
      binding.bindInput('value', value);
      binding.bindOutput('copy', copy);
      await session.run(binding);
      expect([...copy.data]).toEqual([...value.data]);
    }
  });

  it('reads and writes views of one tensor', async () => {
    const { session, binding } = await anAdder();
    const pool = runtime.allocate('float32', [4, 2]);
    pool.data.set([0, 0, 1, 2, 3, 4, 0, 0]);
    binding.bindInput('a', viewTensor(pool, 2, [1, 2]));
    binding.bindInput('b', viewTensor(pool, 4, [1, 2]));
    binding.bindOutput('sum', viewTensor(pool, 6, [1, 2]));
    await session.run(binding);
    expect([...pool.data]).toEqual([0, 0, 1, 2, 3, 4, 4, 6]);
  });

  it('works on memory that others allocated', async () => {
    const { session, binding } = await anAdder();
    const own = (values: number[]) => ({ type: 'float32', dims: [1, 2], data: Float32Array.from(values) }) as const;
    const value = own([1, 2]);
    binding.bindInput('a', value);
    binding.bindInput('b', value);
    binding.bindOutput('sum', value);
    await session.run(binding);
    await session.run(binding);
    expect([...value.data]).toEqual([4, 8]);
  });

  it('computes a subset of the outputs', async () => {
    const { session, binding, bind } = await anAdder();
    bind(1);
    const another = session.createBinding();
    another.bindInput('a', runtime.allocate('float32', [1, 2]));
    another.bindInput('b', runtime.allocate('float32', [1, 2]));
    await expect(session.run(another)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'No output is bound.',
    });
    await session.run(binding);
  });

  describe('with a model file', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mcli-ort-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('finds the external data beside it', async () => {
      await writeFile(join(folder, 'model.onnx'), externalModel('weights.bin'));
      await writeFile(join(folder, 'weights.bin'), Float32Array.from([100, 200]));
      const session = await runtime.createSession(join(folder, 'model.onnx'));
      const binding = session.createBinding();
      const a = runtime.allocate('float32', [1, 2]);
      const sum = runtime.allocate('float32', [1, 2]);
      binding.bindInput('a', a);
      binding.bindOutput('sum', sum);
      await session.run(binding);
      expect([...sum.data]).toEqual([100, 200]);
      await session.dispose();
    });

    it('says which external data is missing', async () => {
      await writeFile(join(folder, 'broken.onnx'), externalModel('nowhere.bin'));
      await expect(runtime.createSession(join(folder, 'broken.onnx'))).rejects.toMatchObject({
        code: 'invalid_model',
        message: expect.stringContaining('nowhere.bin'),
      });
    });

    it('says that there is no file', async () => {
      const path = join(folder, 'missing.onnx');
      await expect(runtime.createSession(path)).rejects.toMatchObject({
        code: 'model_not_found',
        message: `There is no model file at ${path}.`,
      });
    });
  });

  it('refuses bytes that are no model', async () => {
    await expect(runtime.createSession(new TextEncoder().encode('no model'))).rejects.toMatchObject({
      name: 'OrtError',
      code: 'invalid_model',
    });
  });

  it('hands configuration entries to the session', async () => {
    const entries = { 'session.load_model_format': 'ORT' };
    await expect(runtime.createSession(addModel(), { entries })).rejects.toMatchObject({ code: 'invalid_model' });
  });

  it('accepts every option', async () => {
    const session = await runtime.createSession(addModel(), {
      threads: 1,
      spinning: false,
      denormalsAsZero: false,
      memoryArena: false,
      optimize: 'none',
    });
    expect(session.inputs).toHaveLength(2);
    await expect(runtime.createSession(addModel(), { threads: 0 })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('names the tensor that does not fit', async () => {
    const { binding } = await anAdder();
    const fault = (message: string) => expect.objectContaining({ code: 'invalid_argument', message });
    expect(() => binding.bindInput('x', runtime.allocate('float32', [1, 2]))).toThrow(
      fault('The model has no input "x".'),
    );
    expect(() => binding.bindInput('a', runtime.allocate('int32', [1, 2]))).toThrow(
      fault('The tensor for input "a" must be float32 [rows, 2], got int32 [1, 2].'),
    );
    expect(() => binding.bindOutput('sum', runtime.allocate('float32', [2, 3]))).toThrow(
      fault('The tensor for output "sum" must be float32 [rows, 2], got float32 [2, 3].'),
    );
    expect(() => binding.bindInput('b', { type: 'float32', dims: [1, 2], data: new Float32Array(3) })).toThrow(
      fault('The tensor for input "b" has 3 elements, but [1, 2] are 2.'),
    );
    const wrong = { type: 'float32', dims: [1, 2], data: new Int32Array(2) } as never;
    expect(() => binding.bindInput('b', wrong)).toThrow(
      fault('The tensor for input "b" must hold float32 in a Float32Array.'),
    );
  });

  it('names the input that is not bound', async () => {
    const { session, binding } = await anAdder();
    binding.bindInput('a', runtime.allocate('float32', [1, 2]));
    await expect(session.run(binding)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'The input "b" is not bound.',
    });
  });

  it("refuses another session's binding", async () => {
    const { session } = await anAdder();
    const { binding, bind } = await anAdder();
    bind(1);
    await expect(session.run(binding)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('fails a run whose output has another shape, and runs again with the right one', async () => {
    const { session, binding, bind } = await anAdder();
    const { a } = bind(2);
    a.fill(1);
    binding.bindOutput('sum', runtime.allocate('float32', [3, 2]));
    await expect(session.run(binding)).rejects.toMatchObject({
      code: 'run_failed',
      message: expect.stringMatching(/sum.*3,\s*2/s),
    });
    const sum = runtime.allocate('float32', [2, 2]);
    binding.bindOutput('sum', sum);
    await session.run(binding);
    expect([...sum.data]).toEqual([1, 1, 1, 1]);
  });

  it('refuses to allocate what cannot be', () => {
    expect(() => runtime.allocate('float32', [-1])).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(() => runtime.allocate('float64' as never, [1])).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
    expect(() => runtime.allocate('float32', [2 ** 50])).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});
