import { loadRuntime } from './load-runtime.js';
import type { Runtime, Session } from './runtime.js';
import { viewTensor } from './tensor.js';
import type { Tensor } from './tensor.js';
import { attention, attentionModel } from './testing/models.js';
import { runtimeKinds } from './testing/runtime-kinds.js';

const { heads, headSize } = attention;
const POSITIONS = 16;
const ROW = POSITIONS * headSize;

/** Softmax attention of one token in plain arithmetic, over keys and values `[positions, headSize]`. */
function attend(query: Float32Array, keys: Float32Array, values: Float32Array, length: number): number[] {
  return Array.from({ length: heads }, (_, head) => {
    const scores = Array.from({ length }, (_, position) => {
      let score = 0;
      for (let i = 0; i < headSize; i += 1) {
        score += (query[head * headSize + i] ?? 0) * (keys[position * headSize + i] ?? 0);
      }
      return Math.exp(score / Math.sqrt(headSize));
    });
    const sum = scores.reduce((a, b) => a + b);
    return Array.from({ length: headSize }, (_, i) =>
      scores.reduce((mixed, score, position) => mixed + (score / sum) * (values[position * headSize + i] ?? 0), 0),
    );
  }).flat();
}

const pattern = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233));

describe.each(runtimeKinds)('grouped query attention in a %s runtime', (kind) => {
  let runtime: Runtime;
  let session: Session;
  beforeAll(async () => {
    runtime = await loadRuntime({ prefer: kind });
    session = await runtime.createSession(attentionModel());
  });
  afterAll(() => runtime.dispose());

  const tensor = (dims: number[], values: Float32Array): Tensor => {
    const made = runtime.allocate('float32', dims);
    made.data.set(values);
    return made;
  };

  it('appends to a cache that is bound as past and present', async () => {
    const keys = runtime.allocate('float32', [1, 1, POSITIONS, headSize]);
    const values = runtime.allocate('float32', [1, 1, POSITIONS, headSize]);
    const expectedKeys = new Float32Array(ROW);
    const expectedValues = new Float32Array(ROW);
    const binding = session.createBinding();
    for (const [name, cache] of Object.entries({ key: keys, value: values })) {
      binding.bindInput(`past_${name}`, cache);
      binding.bindOutput(`present_${name}`, cache);
    }
    for (let step = 0; step < 6; step += 1) {
      const query = pattern(heads * headSize, step);
      const key = pattern(headSize, 100 + step);
      const value = pattern(headSize, 200 + step);
      expectedKeys.set(key, step * headSize);
      expectedValues.set(value, step * headSize);
      const output = runtime.allocate('float32', [1, 1, heads * headSize]);
      binding.bindInput('query', tensor([1, 1, heads * headSize], query));
      binding.bindInput('key', tensor([1, 1, headSize], key));
      binding.bindInput('value', tensor([1, 1, headSize], value));
      const lengths = runtime.allocate('int32', [1]);
      lengths.data[0] = step;
      const total = runtime.allocate('int32', []);
      total.data[0] = step + 1;
      binding.bindInput('seqlens_k', lengths);
      binding.bindInput('total_sequence_length', total);
      binding.bindOutput('output', output);
      await session.run(binding);

      expect([...keys.data]).toEqual([...expectedKeys]);
      expect([...values.data]).toEqual([...expectedValues]);
      const expected = attend(query, expectedKeys, expectedValues, step + 1);
      output.data.forEach((element, i) => expect(Number(element)).toBeCloseTo(expected[i] ?? Number.NaN, 5));
    }
  });

  it('appends to rows in the middle of a pool, each at its own length', async () => {
    const slots = 4;
    const pools = [300, 400].map((seed) => tensor([slots, 1, POSITIONS, headSize], pattern(slots * ROW, seed)));
    const before = pools.map((pool) => Float32Array.from(pool.data as Float32Array));
    const [keys, values] = pools.map((pool) => viewTensor(pool, ROW, [2, 1, POSITIONS, headSize]));
    if (!keys || !values) throw new Error('unreachable');
    const binding = session.createBinding();
    binding.bindInput('past_key', keys);
    binding.bindOutput('present_key', keys);
    binding.bindInput('past_value', values);
    binding.bindOutput('present_value', values);
    const query = pattern(2 * heads * headSize, 1);
    const [key, value] = [pattern(2 * headSize, 2), pattern(2 * headSize, 3)];
    binding.bindInput('query', tensor([2, 1, heads * headSize], query));
    binding.bindInput('key', tensor([2, 1, headSize], key));
    binding.bindInput('value', tensor([2, 1, headSize], value));
    const past = [3, 9];
    const lengths = runtime.allocate('int32', [2]);
    lengths.data.set(past);
    const total = runtime.allocate('int32', []);
    total.data[0] = 10;
    binding.bindInput('seqlens_k', lengths);
    binding.bindInput('total_sequence_length', total);
    const output = runtime.allocate('float32', [2, 1, heads * headSize]);
    binding.bindOutput('output', output);
    await session.run(binding);

    past.forEach((length, row) => {
      const rowStart = (row + 1) * ROW;
      before[0]?.set(key.subarray(row * headSize, (row + 1) * headSize), rowStart + length * headSize);
      before[1]?.set(value.subarray(row * headSize, (row + 1) * headSize), rowStart + length * headSize);
      const [rowKeys, rowValues] = before.map((pool) => pool.subarray(rowStart, rowStart + ROW));
      const width = heads * headSize;
      const expected = attend(
        query.subarray(row * width, (row + 1) * width),
        rowKeys ?? new Float32Array(),
        rowValues ?? new Float32Array(),
        length + 1,
      );
      expected.forEach((element, i) => expect(output.data[row * width + i]).toBeCloseTo(element, 5));
    });
    // Slots 0 and 3, and the rest of slots 1 and 2, are as they were.
    expect(pools.map((pool) => [...pool.data])).toEqual(before.map((pool) => [...pool]));
  });
});
