import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRuntime } from './load-runtime.js';
import type { Runtime, SharedWeights } from './runtime.js';
import { externalModel, productModel } from './testing/models.js';
import { runtimeKinds } from './testing/runtime-kinds.js';

const rows = 64;
const columns = 96;

describe.each(runtimeKinds)('weights that sessions share in a %s runtime', (kind) => {
  let folder: string;
  let runtime: Runtime;
  let data: string;
  const matrix = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
  const place = { name: 'matrix', type: 'float32', dims: [rows, columns], offset: 0 } as const;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcli-weights-'));
    data = join(folder, 'weights.bin');
    await writeFile(data, matrix);
    for (const name of ['one', 'two']) {
      const model = productModel({ type: 'float32', dims: [rows, columns], location: 'weights.bin' });
      await writeFile(join(folder, `${name}.onnx`), model);
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    runtime = await loadRuntime({ prefer: kind });
  });
  afterEach(() => runtime.dispose());

  const share = (): SharedWeights | undefined => {
    const weights = runtime.shareWeights(data, [place]);
    if (!weights) console.log(`${kind}: weights can't be shared here, each session has its own`);
    return weights;
  };

  const multiply = async (name: string, weights: SharedWeights | undefined): Promise<Float32Array> => {
    const session = await runtime.createSession(join(folder, `${name}.onnx`), { weights });
    const value = runtime.allocate('float32', [2, rows]);
    value.data.forEach((_, i) => (value.data[i] = Math.cos(i)));
    const product = runtime.allocate('float32', [2, columns]);
    const binding = session.createBinding();
    binding.bindInput('value', value);
    binding.bindOutput('product', product);
    await session.run(binding);
    return product.data;
  };

  it('are the same numbers, for sessions that are loaded at the same time too', async () => {
    const expected = await multiply('one', undefined);
    const weights = share();
    const products = await Promise.all([multiply('one', weights), multiply('two', weights), multiply('one', weights)]);

    expect(expected[0]).not.toBe(0);
    for (const product of products) expect([...product]).toEqual([...expected]);
  });

  it('know how large they are', () => {
    expect(share()?.byteLength ?? matrix.byteLength).toBe(matrix.byteLength);
  });

  it('must lie in a file', () => {
    const share =
      (offset: number, path = data) =>
      () =>
        runtime.shareWeights(path, [{ ...place, offset }]);
    expect(share(0, join(folder, 'none.bin'))).toThrow(expect.objectContaining({ code: 'model_not_found' }));
    for (const offset of [4, -4, 0.5, NaN])
      expect(share(offset)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  it('serve no other runtime, no model without a path, no model without them, and nobody after the end', async () => {
    const weights = share();
    if (!weights) return;
    const other = await loadRuntime({ prefer: kind });
    const path = join(folder, 'one.onnx');
    const refused = expect.objectContaining({ name: 'OrtError' }) as Error;
    try {
      await expect(runtime.createSession(externalModel('weights.bin'), { weights })).rejects.toEqual(refused);
      const strange = runtime.shareWeights(data, [{ ...place, name: 'unknown' }]);
      await runtime.dispose();
      await expect(other.createSession(path, { weights })).rejects.toMatchObject({ code: 'invalid_argument' });
      await expect(other.createSession(path, { weights: strange })).rejects.toMatchObject({ code: 'invalid_argument' });
      expect(() => runtime.shareWeights(data, [place])).toThrow(expect.objectContaining({ code: 'disposed' }));
    } finally {
      await other.dispose();
    }
  });
});
