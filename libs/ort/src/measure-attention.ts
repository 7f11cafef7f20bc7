import { encodeModel } from './onnx-model.js';
import type { Runtime } from './runtime.js';

/** What is attended to, in one layer of a model. */
export interface AttentionLoad {
  /** Query heads, and the key and value heads that they share. */
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Positions that are new, and those that are in the cache already. */
  readonly fresh: number;
  readonly past: number;
  /** @default as for sessions */
  readonly threads?: number | undefined;
}

/** A run is measured so often that one that nothing disturbed is among them. */
const rounds = { least: 3, most: 20, withinMs: 150 };

/**
 * Milliseconds that `GroupQueryAttention` of one layer takes over a float32 cache, in the form that `useFlashAttention` chose last:
 * the fastest of a few runs of a graph that holds nothing else.
 *
 * @throws OrtError as `createSession` and `run`
 */
export async function measureAttention(runtime: Runtime, load: AttentionLoad): Promise<number> {
  const { heads, kvHeads, headSize, fresh, past, threads } = load;
  const positions = past + fresh;
  const value = (name: string, count: number) =>
    ({ name, type: 'float32', dims: [1, fresh, count * headSize] }) as const;
  const cache = (name: string) => ({ name, type: 'float32', dims: [1, kvHeads, positions, headSize] }) as const;
  const inputs = [value('query', heads), value('key', kvHeads), value('value', kvHeads)];
  const caches = [cache('past_key'), cache('past_value')];
  const presents = [cache('present_key'), cache('present_value')];
  const result = value('attended', heads);
  const model = encodeModel({
    inputs: [
      ...inputs,
      ...caches,
      { name: 'seqlens_k', type: 'int32', dims: [1] },
      { name: 'total_sequence_length', type: 'int32', dims: [] },
    ],
    outputs: [result, ...presents],
    nodes: [
      {
        op: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs: [...inputs, ...caches].map(({ name }) => name).concat('seqlens_k', 'total_sequence_length'),
        outputs: [result, ...presents].map(({ name }) => name),
        attributes: { num_heads: heads, kv_num_heads: kvHeads },
      },
    ],
  });
  const session = await runtime.createSession(model, threads === undefined ? {} : { threads });
  try {
    const binding = session.createBinding();
    const filled = ({ type, dims }: { readonly type: 'float32'; readonly dims: readonly number[] }) => {
      const tensor = runtime.allocate(type, [...dims]);
      for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = ((i * 37) % 101) / 101 - 0.5;
      return tensor;
    };
    for (const input of inputs) binding.bindInput(input.name, filled(input));
    for (const [index, past] of caches.entries()) {
      const tensor = filled(past);
      binding.bindInput(past.name, tensor);
      binding.bindOutput(presents[index]?.name ?? '', tensor);
    }
    binding.bindOutput(result.name, filled(result));
    const [last, total] = [runtime.allocate('int32', [1]), runtime.allocate('int32', [])];
    last.data[0] = positions - 1;
    total.data[0] = positions;
    binding.bindInput('seqlens_k', last);
    binding.bindInput('total_sequence_length', total);
    let fastest = Infinity;
    const begun = performance.now();
    for (let round = 0; round < rounds.most; round++) {
      const started = performance.now();
      if (round >= rounds.least && started - begun > rounds.withinMs) break;
      await session.run(binding);
      fastest = Math.min(fastest, performance.now() - started);
    }
    return fastest;
  } finally {
    await session.dispose();
  }
}
